package console

import (
	"bytes"
	"embed"
	"net/http"
	"time"
)

//go:embed assets/console.css assets/console.js
var assets embed.FS

const (
	cssPath = "/assets/console.css"
	jsPath  = "/assets/console.js"
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
		base + cssPath: {"text/css; charset=utf-8", append(read("assets/console.css"), "\n"+css...)},
		base + jsPath:  {"text/javascript; charset=utf-8", read("assets/console.js")},
	}
}

// serve sends the file. It is asked for again after a while, since a new version has the same address.
func (f asset) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=300")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
}
