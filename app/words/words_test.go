package words

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"softphonedoctor/assets"
)

func readCatalogue(t *testing.T, code string) map[string]string {
	t.Helper()
	data, err := assets.Translations.ReadFile("translations/" + code + ".json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// The catalogues have the same keys, no text is empty, and each holds the same values
// to fill in as the others.
func TestCataloguesAreAlike(t *testing.T) {
	value := regexp.MustCompile(`\{\{\.\w+\}\}`)
	german := readCatalogue(t, "de")
	for _, l := range Languages() {
		if l.Code == "en" {
			continue
		}
		other := readCatalogue(t, l.Code)
		if len(other) != len(german) {
			t.Errorf("%s has %d keys, de has %d", l.Code, len(other), len(german))
		}
		for k, text := range german {
			o, ok := other[k]
			if !ok || strings.TrimSpace(o) == "" {
				t.Errorf("%s: nothing for %q", l.Code, k)
				continue
			}
			a, b := value.FindAllString(text, -1), value.FindAllString(o, -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("%s: %q has %v, de has %v", l.Code, k, b, a)
			}
		}
	}
}

func TestALanguageIsChosen(t *testing.T) {
	t.Cleanup(func() { Choose("en") })
	for code, want := range map[string]string{"de": "Zurück", "es": "Atrás", "fr": "Retour", "pt": "Voltar", "pt-BR": "Voltar", "en": "Back", "xx-nonsense": "Back", "tlh": "Back"} {
		Choose(code)
		if got := T("back", "Back"); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	Choose("de")
	if got := T("header.page", "Page {{.N}}", map[string]any{"N": 7}); got != "Seite 7" {
		t.Errorf("got %q", got)
	}
	if text, own := Lookup("no.such.key", "Still {{.What}}", map[string]any{"What": "English"}); own || text != "Still English" {
		t.Errorf("what is missing stays English, and says so: %q %v", text, own)
	}
	if text, own := LookupOf("Signing in"); !own || text != "Anmelden" {
		t.Errorf("got %q %v", text, own)
	}
	if text, own := LookupOf("Nobody has said this yet."); own || text != "Nobody has said this yet." {
		t.Errorf("got %q %v", text, own)
	}
	if Decimal("0.2 %") != "0,2 %" {
		t.Error("German writes decimals with a comma")
	}
}

// The system's language decides where nothing was chosen; one that this program does
// not speak is English.
func TestTheSystemsLanguage(t *testing.T) {
	t.Cleanup(func() { Choose("en") })
	for system, want := range map[string]string{"fr_FR.UTF-8": "fr", "pt_BR.UTF-8": "pt", "ja_JP.UTF-8": "en", "C": "en"} {
		t.Setenv("LC_ALL", system)
		t.Setenv("LANG", system)
		t.Setenv("LANGUAGE", "")
		t.Setenv("LC_MESSAGES", system)
		Choose("")
		if Chosen() != want {
			t.Errorf("%s: %s, want %s", system, Chosen(), want)
		}
	}
}
