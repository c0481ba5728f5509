package bot

import (
	"fmt"
	"regexp/syntax"
	"strings"
)

// need is a condition on a text in lower case. A text that fails it cannot match
// the expression it was made of, unless it writes ASCII letters as their rare
// Unicode twins (ſ, K), which no agent does.
type need func(lower string) bool

// maxTexts bounds how many texts a part of an expression may spell out.
const maxTexts = 256

// part is what is known of all matches of a part of an expression: the texts
// they can be where those are few, else nil, and a condition on what is around
// them, or nil.
type part struct {
	texts []string
	need  need
}

// needOf makes the condition of an expression: of everything that has to be
// there, some text is. It is true of all where nothing has to be.
func needOf(expr string) (need, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w", expr, err)
	}
	if n := partOf(re.Simplify()).condition(); n != nil {
		return n, nil
	}
	return func(string) bool { return true }, nil
}

func partOf(re *syntax.Regexp) part {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return part{texts: []string{""}}
	case syntax.OpLiteral:
		return part{texts: []string{strings.ToLower(string(re.Rune))}}
	case syntax.OpCharClass:
		return part{texts: classTexts(re.Rune)}
	case syntax.OpCapture:
		return partOf(re.Sub[0])
	case syntax.OpPlus:
		return part{need: partOf(re.Sub[0]).condition()}
	case syntax.OpQuest:
		if p := partOf(re.Sub[0]); p.texts != nil {
			return part{texts: append(p.texts, "")}
		}
		return part{}
	case syntax.OpConcat:
		return concat(re.Sub)
	case syntax.OpAlternate:
		return alternate(re.Sub)
	default:
		return part{}
	}
}

// classTexts spells out small classes: [Bb] is "b".
func classTexts(ranges []rune) []string {
	var texts []string
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 8 || len(texts) > 8 {
			return nil
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			texts = append(texts, strings.ToLower(string(r)))
		}
	}
	return texts
}

// concat multiplies neighbours that spell out their texts, and asks for one of
// the products of each such run.
func concat(subs []*syntax.Regexp) part {
	run, all := part{texts: []string{""}}, need(nil)
	whole := true
	for _, sub := range subs {
		p := partOf(sub)
		if p.texts != nil && len(run.texts)*len(p.texts) <= maxTexts {
			run.texts = product(run.texts, p.texts)
			continue
		}
		whole = false
		all = both(all, run.condition())
		run = part{texts: []string{""}}
		if p.texts != nil {
			run = p
		} else {
			all = both(all, p.need)
		}
	}
	if whole {
		return run
	}
	return part{need: both(all, run.condition())}
}

// alternate joins texts where every branch spells them out, else conditions.
func alternate(subs []*syntax.Regexp) part {
	var texts []string
	var needs []need
	for _, sub := range subs {
		p := partOf(sub)
		if needs == nil && p.texts != nil && len(texts)+len(p.texts) <= maxTexts {
			texts = append(texts, p.texts...)
			continue
		}
		if texts != nil {
			needs, texts = append(needs, part{texts: texts}.condition()), nil
		}
		needs = append(needs, p.condition())
	}
	if needs == nil {
		return part{texts: texts}
	}
	for _, n := range needs {
		if n == nil {
			return part{}
		}
	}
	return part{need: func(lower string) bool {
		for _, n := range needs {
			if n(lower) {
				return true
			}
		}
		return false
	}}
}

func product(a, b []string) []string {
	texts := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			texts = append(texts, x+y)
		}
	}
	return texts
}

// condition asks for one of the texts, or for the need; nil asks for nothing.
func (p part) condition() need {
	if p.texts == nil {
		return p.need
	}
	var texts []string
	for _, t := range p.texts {
		if t == "" {
			return nil
		}
		texts = append(texts, t)
	}
	return func(lower string) bool {
		for _, t := range texts {
			if strings.Contains(lower, t) {
				return true
			}
		}
		return false
	}
}

// both asks for a and for b.
func both(a, b need) need {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return func(lower string) bool { return a(lower) && b(lower) }
}
