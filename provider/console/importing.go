package console

import (
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/seed-30109bde/gatehouse/provider"
)

// A previewData is what an import would bring.
type previewData struct {
	providerData
	Preview provider.Preview
	Shown   *settingsView
	Same    bool   // nothing differs from what is active
	Given   []pair // the fields of the form that imports it
}

type pair struct{ Name, Value string }

// given reads what was entered: metadata by URL, as a file, as text, or by its parts.
func (c *call) given() (g provider.Given, fields []pair, err error) {
	add := func(name, value string) string {
		if value != "" {
			fields = append(fields, pair{name, value})
		}
		return value
	}
	how := add("how", c.field("how"))
	g.EntityID = add("idp_entity_id", c.field("idp_entity_id"))
	switch how {
	case "url":
		if g.URL = add("url", c.field("url")); g.URL == "" {
			return g, nil, missing("Enter the address of the metadata.")
		}
	case "file", "xml":
		g.File = how == "file"
		if g.Data, err = c.document(how); err != nil {
			return g, nil, err
		}
		add("data", base64.StdEncoding.EncodeToString(g.Data))
	case "hand":
		g.SignOnURL = add("sign_on_url", c.field("sign_on_url"))
		if g.Certificates, err = c.certificates(); err != nil {
			return g, nil, err
		}
		for _, one := range g.Certificates {
			add("certificate_data", base64.StdEncoding.EncodeToString(one))
		}
		if g.EntityID == "" && g.SignOnURL == "" && len(g.Certificates) == 0 {
			return g, nil, missing("Enter the entity ID, the sign-on URL and a certificate.")
		}
	default:
		return g, nil, missing("Say how you give the metadata: by URL, file, XML or hand.")
	}
	return g, fields, nil
}

func missing(text string) error {
	return &provider.Problem{Code: provider.ProblemMetadata, Detail: text}
}

// document returns the metadata of the form: as it was previewed, uploaded or pasted.
func (c *call) document(how string) ([]byte, error) {
	if encoded := c.field("data"); encoded != "" {
		return decoded(encoded)
	}
	if how == "xml" {
		if text := c.field("xml"); text != "" {
			return []byte(text), nil
		}
		return nil, missing("Paste the metadata.")
	}
	file, _, err := c.r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, missing("Choose a file.")
	}
	if err != nil {
		return nil, missing("The file could not be read.")
	}
	return read(file)
}

func read(file multipart.File) ([]byte, error) {
	defer file.Close()
	data, err := io.ReadAll(file)
	if err == nil && len(data) == 0 {
		return nil, missing("The file is empty.")
	}
	return data, err
}

// certificates returns those of the form: previewed, uploaded, or pasted one behind the other.
func (c *call) certificates() (list [][]byte, err error) {
	for _, encoded := range c.r.PostForm["certificate_data"] {
		one, err := decoded(encoded)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	if c.r.MultipartForm != nil {
		for _, header := range c.r.MultipartForm.File["certificate_file"] {
			if header.Size == 0 {
				continue
			}
			file, err := header.Open()
			if err != nil {
				return nil, err
			}
			data, err := read(file)
			if err != nil {
				return nil, err
			}
			list = append(list, data)
		}
	}
	const end = "-----END CERTIFICATE-----"
	for text := c.field("certificate"); text != ""; {
		one, rest, more := strings.Cut(text, end)
		if more {
			one += end
		}
		list, text = append(list, []byte(one)), strings.TrimSpace(rest)
	}
	return list, nil
}

func decoded(encoded string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, missing("The preview cannot be read any more. Give the metadata again.")
	}
	return data, nil
}

// previewImport shows what metadata says, and changes nothing.
func (c *call) previewImport() error {
	g, fields, err := c.given()
	if err != nil {
		return err
	}
	preview, err := c.service.Preview(c.ctx(), c.actor, c.id, g)
	if err != nil {
		return err
	}
	d := previewData{Preview: preview, Shown: c.metadataView(preview.Metadata), Given: fields}
	d.Same = preview.Change != nil && preview.Change.None()
	if d.providerData, err = c.providerData("sso"); err != nil {
		return err
	}
	return c.render("preview", d.title(), "providers", d)
}

// importMetadata makes metadata part of the candidate.
func (c *call) importMetadata() error {
	g, _, err := c.given()
	if err != nil {
		return err
	}
	if _, err := c.service.Import(c.ctx(), c.actor, c.id, g); err != nil {
		return err
	}
	return c.back("", "imported")
}

// refreshMetadata asks for the metadata again where it came from.
func (c *call) refreshMetadata() error {
	_, changed, err := c.service.Refresh(c.ctx(), c.actor, c.id)
	if err != nil {
		return err
	}
	if !changed {
		return c.back("", "same")
	}
	return c.back("", "imported")
}

func (c *call) discardCandidate() error {
	if _, err := c.service.Discard(c.ctx(), c.actor, c.id); err != nil {
		return err
	}
	return c.back("", "discarded")
}
