package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/meter"
)

// NewHandler serves commands. It fails unless each command is served once.
func NewHandler(all ...Served) (http.Handler, error) {
	missing := slices.Clone(names)
	mux := http.NewServeMux()
	for _, s := range all {
		i := slices.Index(missing, s.name)
		if i < 0 {
			return nil, fmt.Errorf("control: %s is served twice", s.name)
		}
		missing = slices.Delete(missing, i, i+1)
		mux.HandleFunc("POST /"+s.name, s.handle)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("control: nothing serves %q", missing)
	}
	return mux, nil
}

// event is a line of an answer. The last one has the answer, and an error if that
// is only how far the command came, or an error alone, or says that the owner
// stops. If none of these comes, the answer was cut off.
type event struct {
	Note     json.RawMessage `json:"note,omitempty"`
	Progress *meter.State    `json:"progress,omitempty"`
	Answer   json.RawMessage `json:"answer,omitempty"`
	Error    *remote         `json:"error,omitempty"`
	Stopping bool            `json:"stopping,omitempty"`
}

// events writes the lines of an answer.
type events struct {
	mu   sync.Mutex
	w    http.ResponseWriter
	http *http.ResponseController
}

func (s *events) send(e event) {
	line, err := json.Marshal(e)
	if err != nil {
		line, _ = json.Marshal(event{Error: &remote{Message: fmt.Sprintf("encode event: %v", err)}})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.w.Write(append(line, '\n')) // a command that ended needs no answer
	_ = s.http.Flush()
}

// showProgress is the header of a request whose client shows progress, and showEvery
// is the interval at which progress is sent.
const (
	showProgress = "Footfall-Progress"
	showEvery    = 200 * time.Millisecond
)

// withProgress returns the context of a command. Until stop, the progress of that
// context is sent, if the client shows it.
func (s *events) withProgress(r *http.Request) (ctx context.Context, stop func()) {
	if r.Header.Get(showProgress) == "" {
		return r.Context(), func() {}
	}
	m := new(meter.Meter)
	var last meter.State
	return meter.With(r.Context(), m), m.Watch(showEvery, func(at meter.State) {
		if at != last {
			last = at
			s.send(event{Progress: &at})
		}
	})
}

// drainTime is the time that a client has to read the answer while it still sends its
// input.
const drainTime = 500 * time.Millisecond

// stream answers with the events that f sends and its answer, or says that the
// owner stops as soon as it does. The request's body may be read meanwhile. If f
// panics, the command gets that as an error, and the server logs the stack.
func stream(w http.ResponseWriter, r *http.Request, f func(context.Context, *events) (any, error)) {
	s := &events{w: w, http: http.NewResponseController(w)}
	_ = s.http.EnableFullDuplex() // always there in HTTP/1
	w.Header().Set("Content-Type", "application/x-ndjson")
	_ = s.http.Flush() // from now on the command gets an answer or an error
	sent := make(chan struct{})
	stop := context.AfterFunc(r.Context(), func() {
		defer close(sent)
		s.send(event{Stopping: true})
	})
	ended := sync.OnceFunc(func() {
		if !stop() {
			<-sent
		}
	})
	defer func() {
		ended() // before anything more is written
		if p := recover(); p != nil {
			s.send(event{Error: &remote{Message: fmt.Sprintf("footfall is wrong (%v): please report what its log says of it", p)}})
			panic(p)
		}
	}()
	ctx, over := s.withProgress(r)
	answer, err := f(ctx, s)
	over()
	ended()
	text, unfit := json.Marshal(answer)
	e := event{Answer: text, Error: remoteOf(errors.Join(err, unfit)), Stopping: err != nil && r.Context().Err() != nil}
	s.send(e)
	// A connection that is closed while something is unread takes the answer
	// along.
	_ = s.http.SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.Copy(io.Discard, r.Body)
}
