package samltest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// updateFiles is the environment variable that makes TestFiles write the files instead of comparing
// them.
const updateFiles = "SAMLTEST_UPDATE"

// TestFiles holds that the cases still make the files, all of them and no others.
func TestFiles(t *testing.T) {
	want := expectedFiles()
	if os.Getenv(updateFiles) != "" {
		writeFiles(t, want)
		t.Skip("the files are written; this test was built with those of before")
	}
	have, err := fs.ReadDir(Files(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range have {
		if _, ok := want[file.Name()]; !ok {
			t.Errorf("%s: no case makes it", file.Name())
		}
	}
	for name, content := range want {
		got, err := fs.ReadFile(Files(), name)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, content) {
			t.Errorf("%s is not what its case makes; set %s=1 to write it anew", name, updateFiles)
		}
	}
}

const corpusDirectory = "testdata/corpus"

func expectedFiles() map[string][]byte {
	files := map[string][]byte{}
	for _, c := range Corpus() {
		if c.Generated {
			continue
		}
		extension := ".xml"
		if c.Binding == LogoutRedirect {
			extension = ".query"
		}
		files[c.ID+extension] = c.Make(TestParams())
		files[c.ID+".txt"] = []byte(described(c))
	}
	return files
}

// described returns what stands beside the message of a case.
func described(c Case) string {
	s := fmt.Sprintf("title: %s\nwhy: %s\nwant: %s\n", c.Title, c.Why, c.Want)
	if c.Option != "" {
		s += fmt.Sprintf("with %s: %s\n", c.Option, c.With)
	}
	if c.Repeat {
		s += "sent: twice, and accepted the first time\n"
	}
	p := TestParams()
	return s + fmt.Sprintf("clock: %s\nrequest: %s\n", p.Now.Format(dateTime), p.RequestID)
}

func writeFiles(t *testing.T, files map[string][]byte) {
	if err := os.RemoveAll(corpusDirectory); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(corpusDirectory, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(corpusDirectory, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSizes holds that what is large is as large as its title says, and no larger.
func TestSizes(t *testing.T) {
	for id, size := range map[string][2]int{
		"Z13": {64 << 20, 65 << 20}, "Z14": {50_000, 256 << 10}, "Z17": {1_950_000, 2 << 20},
		"Z17b": {200_000, 256 << 10}, "Z18": {100_000, 256 << 10}, "Z19": {1_000_000, 2_000_000},
	} {
		if n := len(caseOf(t, id).Make(TestParams())); n < size[0] || n > size[1] {
			t.Errorf("%s has %d bytes", id, n)
		}
	}
}
