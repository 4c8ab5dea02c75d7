package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/seed-30109bde/gatehouse/scim"
)

// ready is what a script that starts the server has to know about it.
type ready struct {
	Addr            string         `json:"addr"`
	SCIMURL         string         `json:"scim_url"`
	SCIMToken       string         `json:"scim_token"`
	LoginURL        string         `json:"saml_login_url,omitempty"`    // where somebody signs in
	MetadataURL     string         `json:"saml_metadata_url,omitempty"` // of this server
	IdPURL          string         `json:"idp_metadata_url,omitempty"`  // of the offline identity provider
	ConsoleURL      string         `json:"console_url"`
	ConsoleUser     string         `json:"console_user"`
	ConsolePassword string         `json:"console_password,omitempty"` // where this start has made or was given it
	TOTPSecret      string         `json:"totp_secret,omitempty"`      // likewise
	Tenant          scim.TenantID  `json:"tenant"`
	Organizations   []organization `json:"organizations"`
}

func newReady(addr, token string, h *host, sso *offline) ready {
	r := ready{
		Addr: addr, SCIMURL: h.scimURL, SCIMToken: token, Tenant: tenant, Organizations: organizations,
		ConsoleURL: h.base.String() + consolePath + "/", ConsoleUser: adminName,
		ConsolePassword: h.admin.Password, TOTPSecret: h.admin.Factor,
	}
	if sso != nil {
		r.LoginURL, r.MetadataURL, r.IdPURL = sso.login, sso.metadata, sso.idp.URL()+"/metadata"
	}
	return r
}

// writeReady puts r in a file that only this user can read. The file is there as a whole or not at
// all, whatever was there before: a script that waits for it never sees half of it.
func writeReady(name string, r ready) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".ready-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
