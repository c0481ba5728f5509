package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// None is the type of a command's parameter, note or answer if it has none.
type None = struct{}

// Command is a request to the owner of a data directory. It takes an In, reports
// Notes while it runs, and answers an Out.
type Command[In, Note, Out any] struct{ name string }

// names are the names of all commands.
var names []string

func declare[In, Note, Out any](name string) Command[In, Note, Out] {
	names = append(names, name)
	return Command[In, Note, Out]{name}
}

// maxLine is the maximum length of the line of JSON with the parameter of a command,
// in bytes. A long URL has 8,192 at most.
const maxLine = 64 << 10

// Served is a command with its implementation.
type Served struct {
	name   string
	handle http.HandlerFunc
}

// ImplementWithNotes attaches f as the implementation of the command. f may call note
// from several goroutines until it returns. It may return an answer together with an
// error: how far the command came.
func (c Command[In, Note, Out]) ImplementWithNotes(f func(ctx context.Context, in In, note func(Note)) (Out, error)) Served {
	return Served{c.name, func(w http.ResponseWriter, r *http.Request) {
		var in In
		body := bufio.NewReaderSize(r.Body, maxLine)
		line, err := body.ReadSlice('\n')
		if err == nil {
			err = json.Unmarshal(line, &in)
		}
		if input := inputOf(&in); input != nil {
			// The command may fail before the end of its input, and the rest of that
			// is no request.
			w.Header().Set("Connection", "close")
			*input = body
		}
		stream(w, r, func(ctx context.Context, s *events) (any, error) {
			if err != nil {
				return nil, fmt.Errorf("control: %s: %w", c.name, err)
			}
			return f(ctx, in, func(n Note) {
				if note, err := json.Marshal(n); err != nil {
					s.send(event{Error: &remote{Message: err.Error()}})
				} else {
					s.send(event{Note: note})
				}
			})
		})
	}}
}

// Implement is ImplementWithNotes for a command that reports nothing.
func (c Command[In, Note, Out]) Implement(f func(ctx context.Context, in In) (Out, error)) Served {
	return c.ImplementWithNotes(func(ctx context.Context, in In, _ func(Note)) (Out, error) { return f(ctx, in) })
}

// Ask sends the command to the owner, and returns its answer. It calls note with each
// note, from this goroutine; note may be nil. It may return an answer together with an
// error: how far the command came. After ErrCutOff and ErrStopping the command did not
// end.
func (c Command[In, Note, Out]) Ask(ctx context.Context, to *Client, in In, note func(Note)) (out Out, err error) {
	var input io.Reader
	if i := inputOf(&in); i != nil {
		input = *i
	}
	line, err := json.Marshal(in)
	if err != nil {
		return out, fmt.Errorf("control: %s: %w", c.name, err)
	}
	err = to.call(ctx, c.name, append(line, '\n'), input, func(text json.RawMessage) error {
		var n Note
		if err := json.Unmarshal(text, &n); err != nil {
			return fmt.Errorf("control: %s: %w", c.name, err)
		}
		if note != nil {
			note(n)
		}
		return nil
	}, &out)
	return out, err
}

// inputOf returns the field of a parameter that has the input of the command; nil if
// there is none.
func inputOf(in any) *io.Reader {
	if i, ok := in.(interface{ input() *io.Reader }); ok {
		return i.input()
	}
	return nil
}
