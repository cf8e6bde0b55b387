package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// licences are those whose terms this project (Apache-2.0) can keep, by words that only
// their text has.
var licences = []struct{ name, words string }{
	{"Apache-2.0", "apache license"},
	{"MPL-2.0", "mozilla public license version 2.0"},
	{"MPL-2.0", "mozilla public license, version 2.0"},
	{"BSD", "redistribution and use in source and binary forms"},
	{"MIT", "permission is hereby granted, free of charge"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose"},
	{"FreeType", "the freetype project license"},
	{"FreeType", "the freetype project"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"zlib", "this software is provided 'as-is', without any express or implied"},
}

// TestLicences holds that every module that goes into the program may: its licence is
// there, and is one of those above.
func TestLicences(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}", "..").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]string{}
	for _, line := range strings.Split(string(out), "\n") {
		if path, dir, ok := strings.Cut(line, " "); ok {
			modules[path] = dir
		}
	}
	if len(modules) < 20 {
		t.Fatalf("only %d modules", len(modules))
	}
	count := map[string]int{}
	for path, dir := range modules {
		if name := licenceOf(dir); name != "" {
			count[name]++
		} else {
			t.Errorf("%s: no licence that is known to fit", path)
		}
	}
	var words []string
	for name, n := range count {
		words = append(words, name+" "+strings.Repeat("|", n))
	}
	sort.Strings(words)
	t.Logf("%d modules: %s", len(modules), strings.Join(words, ", "))
}

func licenceOf(dir string) string {
	var files []string
	for _, pattern := range []string{"LICEN[CS]E*", "licen[cs]e*", "Licen[cs]e*", "COPYING*", "UNLICENSE*"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is good
		files = append(files, found...)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		text := strings.ToLower(strings.Join(strings.Fields(string(b)), " "))
		for _, l := range licences {
			if strings.Contains(text, l.words) {
				return l.name
			}
		}
	}
	return ""
}
