//go:build ignore

// This program writes regions.txt from the npm packages cldr-core, cldr-subdivisions-full
// (Unicode CLDR) and iso-3166, which lie in the folder node_modules that it is given:
//
//	npm install --prefix /tmp/regions --ignore-scripts cldr-core@48.2.0 cldr-subdivisions-full@48.2.0 iso-3166@4.4.0
//	go run regions_gen.go /tmp/regions/node_modules >regions.txt
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// lower has the countries whose regions are on the second level of ISO 3166-2, because the
// first has groups of them, such as Java.
var lower = []string{"CV", "DO", "GQ", "ID", "IQ", "KN"}

// renumbered has the countries whose codes were given to other regions in 2019 and 2020. CLDR
// has the old names.
var renumbered = []string{"IR", "MA"}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run regions_gen.go NODE_MODULES")
	}
	folder := os.Args[1]
	var containment struct {
		Supplemental struct {
			SubdivisionContainment map[string]struct {
				Contains []string `json:"_contains"`
			}
		}
	}
	read(filepath.Join(folder, "cldr-core/supplemental/subdivisionContainment.json"), &containment)
	var english struct {
		Subdivisions struct {
			LocaleDisplayNames struct{ Subdivisions map[string]string }
		}
	}
	read(filepath.Join(folder, "cldr-subdivisions-full/subdivisions/en/en.json"), &english)
	names := english.Subdivisions.LocaleDisplayNames.Subdivisions

	// The package iso-3166 has objects of code, name and parent in JavaScript.
	script, err := os.ReadFile(filepath.Join(folder, "iso-3166/2.js"))
	if err != nil {
		log.Fatal(err)
	}
	standard := map[string]string{}
	for _, m := range regexp.MustCompile(`code: '(\w\w)-(\w+)',\s*name: (?:'([^']*)'|"([^"]*)")`).FindAllStringSubmatch(string(script), -1) {
		standard[strings.ToLower(m[1]+m[2])] = m[3] + m[4]
	}

	groups := containment.Supplemental.SubdivisionContainment
	codes := map[string]bool{}
	for country, in := range groups {
		if len(country) != 2 {
			continue
		}
		for _, code := range in.Contains {
			below := groups[strings.ToUpper(code)].Contains
			if len(below) == 0 {
				below = groups[code].Contains
			}
			if len(below) > 0 && slices.Contains(lower, country) {
				for _, code := range below {
					codes[code] = true
				}
			} else {
				codes[code] = true
			}
		}
	}
	owner := map[string]string{} // of a name in the standard
	for code := range codes {
		for _, name := range split(standard[code]) {
			owner[code[:2]+fold(name)] = code
		}
	}
	fmt.Println("# Made by regions_gen.go of Unicode CLDR 48.2.0 (English) and of iso-3166 4.4.0. Their licences are in regions.LICENSE.")
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		var line []string
		other, taken := owner[code[:2]+fold(names[code])]
		if !slices.Contains(renumbered, strings.ToUpper(code[:2])) && (!taken || other == code) {
			line = split(names[code])
		}
		for _, name := range split(standard[code]) {
			if !slices.ContainsFunc(line, func(s string) bool { return fold(s) == fold(name) }) {
				line = append(line, name)
			}
		}
		if len(line) > 0 {
			fmt.Printf("%s-%s %s\n", strings.ToUpper(code[:2]), strings.ToUpper(code[2:]), strings.Join(line, "|"))
		}
	}
}

// split returns the names in a text: the name, then others in brackets. It drops marks of
// footnotes.
func split(names string) []string {
	all := regexp.MustCompile(`[\[\]]`).Split(regexp.MustCompile(`[†‡¹²³*]`).ReplaceAllString(names, ""), -1)
	for i := range all {
		all[i] = strings.Trim(all[i], " ,-")
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// fold returns the letters of a name, without accents.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFD.String(name))
}

func read(path string, v any) {
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		log.Fatal(err)
	}
}
