package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed assets/console.css assets/console.js assets/icon.svg
var assets embed.FS

const (
	cssPath  = "/assets/console.css"
	jsPath   = "/assets/console.js"
	iconPath = "/assets/icon.svg"
)

// An asset is a file that every page has.
type asset struct {
	kind string
	data []byte
}

// newAssets returns the files, by path.
func newAssets(base, css string) map[string]asset {
	read := func(name string) []byte {
		data, err := assets.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		return data
	}
	return map[string]asset{
		base + cssPath:  {"text/css; charset=utf-8", append(read("assets/console.css"), "\n"+css...)},
		base + jsPath:   {"text/javascript; charset=utf-8", read("assets/console.js")},
		base + iconPath: {"image/svg+xml", read("assets/icon.svg")},
	}
}

// address returns where a file is served, with what changes when it does: browsers keep files for a while.
func (c *Console) address(path string) string {
	sum := sha256.Sum256(c.files[c.base+path].data)
	return c.base + path + "?v=" + hex.EncodeToString(sum[:4])
}

// serve sends the file.
func (f asset) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=300")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
}
