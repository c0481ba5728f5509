package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// None is the In, Note or Out of a command that has none.
type None = struct{}

// Command is a request to the owner of a data directory. It takes an In, reports
// Notes while it runs, and answers an Out.
type Command[In, Note, Out any] struct{ name string }

// names are those of all commands.
var names []string

func declare[In, Note, Out any](name string) Command[In, Note, Out] {
	names = append(names, name)
	return Command[In, Note, Out]{name}
}

// maxLine bounds the line of JSON that a command takes, in bytes. A long URL has
// 8,192 at most.
const maxLine = 64 << 10

// Served is a command with the function that does it.
type Served struct {
	name   string
	handle http.HandlerFunc
}

// Does says what a command does. note may be called from several goroutines,
// until f returns. An error may come with an answer, which says how far the
// command came.
func (c Command[In, Note, Out]) Does(f func(ctx context.Context, in In, note func(Note)) (Out, error)) Served {
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

// Answers says what a command does that reports nothing.
func (c Command[In, Note, Out]) Answers(f func(ctx context.Context, in In) (Out, error)) Served {
	return c.Does(func(ctx context.Context, in In, _ func(Note)) (Out, error) { return f(ctx, in) })
}

// Ask has the owner do the command. note is called with each note, from this
// goroutine; it may be nil. An error may come with an answer, which says how far
// the command came. ErrCutOff and ErrStopping say that the command did not end.
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

// inputOf returns the field of a command for its input; nil without one.
func inputOf(in any) *io.Reader {
	if i, ok := in.(interface{ input() *io.Reader }); ok {
		return i.input()
	}
	return nil
}
