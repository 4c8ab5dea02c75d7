package extension_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
)

func TestSchema(t *testing.T) {
	type attribute struct {
		Name            string   `json:"name"`
		Type            string   `json:"type"`
		MultiValued     *bool    `json:"multiValued"`
		Description     string   `json:"description"`
		Required        *bool    `json:"required"`
		CanonicalValues []string `json:"canonicalValues"`
		CaseExact       *bool    `json:"caseExact"`
		Mutability      string   `json:"mutability"`
		Returned        string   `json:"returned"`
		Uniqueness      string   `json:"uniqueness"`
	}
	var schema struct {
		ID          string      `json:"id"`
		Name        string      `json:"name"`
		Description string      `json:"description"`
		Attributes  []attribute `json:"attributes"`
	}
	d := json.NewDecoder(bytes.NewReader(extension.Schema()))
	d.DisallowUnknownFields() // what RFC 7643 §7 does not know has no place here
	if err := d.Decode(&schema); err != nil {
		t.Fatal(err)
	}
	if schema.ID != extension.URN || schema.Name == "" || schema.Description == "" {
		t.Errorf("id %q, name %q, description %q", schema.ID, schema.Name, schema.Description)
	}

	no, yes := new(false), new(true)
	want := []attribute{
		{extension.OrganizationID, "string", no, "", no, nil, yes, "readWrite", "default", "none"},
		{extension.UserType, "string", no, "", no, []string{technician, endUser}, yes, "readWrite", "default", "none"},
	}
	for i := range schema.Attributes {
		if schema.Attributes[i].Description == "" {
			t.Errorf("%s has no description", schema.Attributes[i].Name)
		}
		schema.Attributes[i].Description = "" // the wording is free
	}
	if !reflect.DeepEqual(schema.Attributes, want) {
		t.Errorf("attributes differ from %+v:\n%s", want, extension.Schema())
	}
}

func TestSchemaIsACopy(t *testing.T) {
	first := extension.Schema()
	clear(first)
	if !json.Valid(extension.Schema()) {
		t.Error("what one caller does to its copy, others see")
	}
}
