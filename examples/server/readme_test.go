package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedFlags: the flags that the README and the files of containers give the server are ones that it takes.
func TestDocumentedFlags(t *testing.T) {
	text := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	readme, compose := text("README.md"), text("compose.yaml")
	var commands [][]string
	for _, m := range regexp.MustCompile(`(?m)^server (-.*)$`).FindAllStringSubmatch(readme, -1) {
		commands = append(commands, strings.Fields(m[1]))
	}
	for _, m := range regexp.MustCompile("`(-[a-z][^`]* [^`]*)`").FindAllStringSubmatch(readme, -1) {
		commands = append(commands, strings.Fields(strings.ReplaceAll(m[1], "https://…", "https://acme.example.com")))
	}
	var args []string
	for _, m := range regexp.MustCompile(`(?m)^    - (-\S+)`).FindAllStringSubmatch(compose, -1) {
		args = append(args, regexp.MustCompile(`\$\{[A-Z_]+:-([^}]*)\}`).ReplaceAllString(m[1], "$1"))
	}
	commands = append(commands, args)
	for _, args := range commands {
		if _, err := parseConfig(t.Context(), args, new(buffer)); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	if len(commands) < 5 || len(args) < 4 {
		t.Errorf("there are %d commands, and %d arguments of a container", len(commands), len(args))
	}

	help := new(buffer)
	if code := run(t.Context(), []string{"-h"}, new(buffer), help); code != exitOK {
		t.Fatal(code)
	}
	for _, m := range regexp.MustCompile("`(-[a-z][a-z-]*)").FindAllStringSubmatch(readme, -1) {
		if flag := m[1]; flag != "-h" && !strings.Contains(help.String(), "\n  "+flag+" ") && !strings.Contains(help.String(), "\n  "+flag+"\n") {
			t.Errorf("the README has %s, which -h does not", flag)
		}
	}
	for _, flag := range []string{"-drain time", "-tls-cert file", "-trust-proxy networks"} {
		if !strings.Contains(help.String(), "\n  "+flag+"\n") || !strings.Contains(readme, strings.Fields(flag)[0]) {
			t.Errorf("%s is not explained:\n%s", flag, help)
		}
	}
}
