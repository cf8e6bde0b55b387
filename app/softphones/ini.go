package softphones

import (
	"bufio"
	"strings"
)

// section is a part of a file with a name and settings; later ones win.
type section struct {
	name   string
	values map[string]string
}

func (s section) get(key string) string { return s.values[strings.ToLower(key)] }

// on tells whether a setting is switched on.
func (s section) on(key string) bool {
	switch strings.ToLower(s.get(key)) {
	case "1", "true", "yes", "on":
		return true
	}
	return false
}

// readINI reads [sections] with name=value lines. Quotes are part of a value, as in
// linphonerc, where they belong to a display name.
func readINI(s string) []section {
	var list []section
	lines := bufio.NewScanner(strings.NewReader(s))
	lines.Buffer(nil, maxFile)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == ';' || line[0] == '#' {
			continue
		}
		if line[0] == '[' && strings.HasSuffix(line, "]") {
			list = append(list, section{name: strings.ToLower(line[1 : len(line)-1]), values: map[string]string{}})
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && len(list) > 0 {
			list[len(list)-1].values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return list
}

// hasSection tells whether a line opens a section whose name begins so.
func hasSection(lower, prefix string) bool {
	for line := range strings.Lines(lower) {
		if strings.HasPrefix(strings.TrimSpace(line), "["+prefix) {
			return true
		}
	}
	return false
}

func find(list []section, name string) section {
	for _, s := range list {
		if s.name == name {
			return s
		}
	}
	return section{}
}
