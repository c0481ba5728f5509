package geo

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/footfall/footfall/internal/base/click"
)

// Both lists have a region on each line: its code of ISO 3166-2, a space, and its names with
// | between them. regions.txt is made by regions_gen.go. spellings.txt has further names,
// which databases use, and wins where they differ.
//
//go:embed regions.txt
var standardNames string

//go:embed spellings.txt
var spellings string

// regions finds the codes of regions.
type regions struct {
	exact map[string]click.Region // by the country and the folded name: US-california
	loose map[string]click.Region // by the name without generic words; unknown if several have it
}

// allRegions reads the lists when they are first needed: a database that has codes does
// without them.
var allRegions = sync.OnceValue(func() *regions {
	r := &regions{map[string]click.Region{}, map[string]click.Region{}}
	for line := range strings.Lines(standardNames) {
		r.add(line, false)
	}
	for line := range strings.Lines(spellings) {
		r.add(line, true)
	}
	return r
})

func (r *regions) add(line string, wins bool) {
	code, names, ok := strings.Cut(strings.TrimSpace(line), " ")
	if !ok || code == "#" {
		return
	}
	region := click.ParseRegion(code)
	for name := range strings.SplitSeq(names, "|") {
		exact, loose := fold(name)
		exact, loose = code[:3]+exact, code[:3]+loose
		note(r.exact, exact, region, wins)
		note(r.loose, loose, region, wins)
	}
}

// note sets the region of a name; the unknown one if two regions have it.
func note(m map[string]click.Region, name string, region click.Region, wins bool) {
	if old, taken := m[name]; taken && old != region && !wins {
		region = ""
	}
	m[name] = region
}

// regionNamed returns the region of a country by its name in English or in a language of the
// country, with or without accents and words such as Province; or by its code. The region is
// unknown if no list has the name.
func regionNamed(country click.Country, name string) click.Region {
	if name == "" || !country.Known() {
		return ""
	}
	r, prefix := allRegions(), country.String()+"-"
	exact, loose := fold(name)
	if region := r.exact[prefix+exact]; region != "" {
		return region
	}
	if loose == "" {
		return ""
	}
	return r.loose[prefix+loose]
}

// generic are the words that names of one region have or lack.
var generic = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`
		province provincia provinsi provinz provincie pradesh pravince region regiao regione regija oblast oblasti oblasc voblasc oblysy oblisi
		state estado stat land county comte comitat governorate gouvernorat governorat mohafazat muhafazah gobernacion
		prefecture prefektur district distrito distrikt municipality municipio municipalities municipal baladiyat
		department departamento departement departament republic respublika republika autonomous autonoma autonome avtonomnyy
		krai kray kraj territory territoire territorio city ville ciudad stad town area metropolitan metro voivodeship wojewodztwo
		canton kanton parish parroquia emirate division do si gun community comunidad comunitat comunita federal capital
		governate regency special administrative urban rural fylke lan ien judet judetul zupanija okrug okrugi raion rayon
		commune communal wilaya wilayat viloyati viloyat velayaty maakond maa maakunta landskap apskritis novads novad
		opstina opcina obcina island islands isla islas ile iles atoll union unitary nomos periferia
		the of el la le les los las lo de del della di da do dos das des du den det al as ad az ar an ash at y et und and i og och`) {
		words[word] = true
	}
	return words
}()

// fold returns a name in lower-case letters of ASCII and digits; and the same without generic
// words, or all of it if there are only such.
func fold(name string) (exact, loose string) {
	if before, _, ok := strings.Cut(name, "("); ok && strings.TrimSpace(before) != "" {
		name = before
	}
	var all, some strings.Builder
	for _, word := range strings.FieldsFunc(plainLetters(name), func(r rune) bool { return r == ' ' }) {
		all.WriteString(word)
		if !generic[word] {
			some.WriteString(word)
		}
	}
	return all.String(), some.String()
}

// letters have no decomposition in Unicode.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ß", "ss", "æ", "ae", "œ", "oe", "ı", "i", "ə", "a", "ħ", "h", "ŋ", "n", "ŧ", "t",
	"'", "", "’", "", "‘", "", "ʻ", "", "ʼ", "", "`", "", "´", "", "ʹ", "", "′", "", "’", "")

// plainLetters returns a text in lower case without accents, with a space for whatever is
// neither a letter nor a digit of ASCII.
func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		default:
			return ' '
		}
	}, norm.NFKD.String(letters.Replace(strings.ToLower(s))))
}
