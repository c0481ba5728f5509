package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Owner is what the process that owns the directory does for an operator.
type Owner interface {
	// AddUser makes a user and returns a token of his; click.ErrExists.
	AddUser(ctx context.Context, login string) (token string, err error)
	// AddToken returns another token of a user; click.ErrNotFound.
	AddToken(ctx context.Context, login string) (token string, err error)
	// RevokeToken takes a token of a user away; click.ErrNotFound.
	RevokeToken(ctx context.Context, login, token string) error
	// RevokeTokens takes all tokens of a user away, and says how many there were;
	// click.ErrNotFound.
	RevokeTokens(ctx context.Context, login string) (int, error)
	// SetPassword gives a user another password; click.ErrNotFound and
	// auth.ErrPasswordForm.
	SetPassword(ctx context.Context, login, password string) error
	// APIKey returns a user's apiKey; click.ErrNotFound.
	APIKey(ctx context.Context, login string) (string, error)
	// NewAPIKey gives a user another apiKey, in place of the last one, and returns
	// it; click.ErrNotFound.
	NewAPIKey(ctx context.Context, login string) (string, error)
	// ListUsers lists users by login, some at a time, from the first after the
	// given one.
	ListUsers(ctx context.Context, after string) ([]User, error)
	// AddLink makes a short link, unless the user has it, and returns its URL on
	// a domain of the installation; the default one if empty.
	AddLink(ctx context.Context, login, longURL, domain string) (shortURL string, err error)
	// ListLinks calls each with every link of a user, newest first, or with those of
	// all users by login where none is named. Short URLs are on a domain of the
	// installation; the default one if empty. click.ErrNotFound.
	ListLinks(ctx context.Context, login, domain string, each func(Link)) error
	// Stats sums up what was counted of a user, or of all where none is named;
	// click.ErrNotFound.
	Stats(ctx context.Context, o StatsOptions) (Stats, error)
	// UserClicks and LinkClicks are the clicks that a deletion would remove, of
	// what DeleteUser and DeleteLink take; click.ErrNotFound.
	UserClicks(ctx context.Context, login string) (uint64, error)
	LinkClicks(ctx context.Context, link string) (uint64, error)
	// DeleteUser removes a user with all that is his; click.ErrNotFound.
	DeleteUser(ctx context.Context, login string) (datadir.Removal, error)
	// DeleteLink removes a link, named by its hash or its short URL;
	// click.ErrNotFound.
	DeleteLink(ctx context.Context, link string) (datadir.Removal, error)
	// Import brings in one input.
	Import(ctx context.Context, format string, r io.Reader, reject func(feed.Rejected)) (feed.Result, error)
	// Export writes users, links and counts, or clicks, as NDJSON.
	Export(ctx context.Context, w io.Writer, clicks bool) error
	// Backup adds a backup to the directory to, of which keep remain.
	Backup(ctx context.Context, to string, keep int) (backup.Manifest, error)
	// Repair mends what can be mended while everything goes on, reports what it
	// did, and what it left.
	Repair(ctx context.Context, report func(string)) error
	// Health says in a line or two that visitors are answered; else it fails.
	Health(ctx context.Context) (string, error)
	// Check reports a sentence for each thing that is wrong, and says what it
	// looked at.
	Check(ctx context.Context, report func(string)) (datadir.Verdict, error)
}

// User is a user as an operator sees him.
type User struct {
	store.User
	Tokens int // that are good
}

// Handler is the owner's side.
func Handler(o Owner) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		health, err := o.Health(r.Context())
		reply(w, r, health, err)
	})
	mux.HandleFunc("POST /users", func(w http.ResponseWriter, r *http.Request) {
		token, err := o.AddUser(r.Context(), r.URL.Query().Get("login"))
		reply(w, r, token, err)
	})
	mux.HandleFunc("POST /tokens", func(w http.ResponseWriter, r *http.Request) {
		token, err := o.AddToken(r.Context(), r.URL.Query().Get("login"))
		reply(w, r, token, err)
	})
	mux.HandleFunc("DELETE /tokens", func(w http.ResponseWriter, r *http.Request) {
		n, err := o.RevokeTokens(r.Context(), r.URL.Query().Get("login"))
		reply(w, r, n, err)
	})
	mux.HandleFunc("DELETE /token", func(w http.ResponseWriter, r *http.Request) {
		token, err := io.ReadAll(r.Body) // in the body, so that no log of addresses has it
		if err == nil {
			err = o.RevokeToken(r.Context(), r.URL.Query().Get("login"), string(token))
		}
		reply(w, r, nil, err)
	})
	mux.HandleFunc("PUT /password", func(w http.ResponseWriter, r *http.Request) {
		password, err := io.ReadAll(r.Body) // in the body as well
		if err == nil {
			err = o.SetPassword(r.Context(), r.URL.Query().Get("login"), string(password))
		}
		reply(w, r, nil, err)
	})
	mux.HandleFunc("GET /key", func(w http.ResponseWriter, r *http.Request) {
		key, err := o.APIKey(r.Context(), r.URL.Query().Get("login"))
		reply(w, r, key, err)
	})
	mux.HandleFunc("POST /key", func(w http.ResponseWriter, r *http.Request) {
		key, err := o.NewAPIKey(r.Context(), r.URL.Query().Get("login"))
		reply(w, r, key, err)
	})
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, r *http.Request) {
		users, err := o.ListUsers(r.Context(), r.URL.Query().Get("after"))
		reply(w, r, users, err)
	})
	mux.HandleFunc("POST /links", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		shortURL, err := o.AddLink(r.Context(), q.Get("login"), q.Get("url"), q.Get("domain"))
		reply(w, r, shortURL, err)
	})
	mux.HandleFunc("GET /links", func(w http.ResponseWriter, r *http.Request) {
		stream(w, r, func(s *events) (any, error) {
			q := r.URL.Query()
			return nil, o.ListLinks(r.Context(), q.Get("login"), q.Get("domain"), func(l Link) { s.send(event{Link: &l}) })
		})
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, r *http.Request) {
		var options StatsOptions
		var stats Stats
		err := json.Unmarshal([]byte(r.URL.Query().Get("options")), &options)
		if err == nil {
			stats, err = o.Stats(r.Context(), options)
		}
		reply(w, r, stats, err)
	})
	mux.HandleFunc("GET /users/clicks", func(w http.ResponseWriter, r *http.Request) {
		clicks, err := o.UserClicks(r.Context(), r.URL.Query().Get("login"))
		reply(w, r, clicks, err)
	})
	mux.HandleFunc("GET /links/clicks", func(w http.ResponseWriter, r *http.Request) {
		clicks, err := o.LinkClicks(r.Context(), r.URL.Query().Get("link"))
		reply(w, r, clicks, err)
	})
	mux.HandleFunc("DELETE /users", func(w http.ResponseWriter, r *http.Request) {
		removal, err := o.DeleteUser(r.Context(), r.URL.Query().Get("login"))
		reply(w, r, removal, err)
	})
	mux.HandleFunc("DELETE /links", func(w http.ResponseWriter, r *http.Request) {
		removal, err := o.DeleteLink(r.Context(), r.URL.Query().Get("link"))
		reply(w, r, removal, err)
	})
	mux.HandleFunc("POST /import", func(w http.ResponseWriter, r *http.Request) {
		// An import may fail before the end of its input, and the rest of that
		// is no request.
		w.Header().Set("Connection", "close")
		stream(w, r, func(s *events) (any, error) {
			return o.Import(r.Context(), r.URL.Query().Get("format"), r.Body, func(l feed.Rejected) {
				s.send(event{Rejected: &l})
			})
		})
	})
	mux.HandleFunc("GET /export", func(w http.ResponseWriter, r *http.Request) {
		// The lines as they are, and the outcome behind them.
		w.Header().Set("Trailer", exportError)
		if err := o.Export(r.Context(), w, r.URL.Query().Get("clicks") == "true"); err != nil {
			failed := strconv.Quote(plain.Error(err))
			if r.Context().Err() != nil {
				failed = exportStopping
			}
			w.Header().Set(exportError, failed)
			return
		}
		w.Header().Set(exportError, "none")
	})
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		stream(w, r, func(s *events) (any, error) {
			keep, err := strconv.Atoi(r.URL.Query().Get("keep"))
			if err != nil {
				return nil, err
			}
			ctx, stop := s.watched(r)
			defer stop()
			return o.Backup(ctx, r.URL.Query().Get("to"), keep)
		})
	})
	mux.HandleFunc("POST /repair", func(w http.ResponseWriter, r *http.Request) {
		stream(w, r, func(s *events) (any, error) {
			return nil, o.Repair(r.Context(), func(finding string) { s.send(event{Finding: finding}) })
		})
	})
	mux.HandleFunc("POST /check", func(w http.ResponseWriter, r *http.Request) {
		stream(w, r, func(s *events) (any, error) {
			ctx, stop := s.watched(r)
			defer stop()
			return o.Check(ctx, func(finding string) { s.send(event{Finding: finding}) })
		})
	})
	return guarded(mux)
}

// guarded has a command hear of a panic, which the log is told of with its stack.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				err := fmt.Errorf("footfall is wrong (%v): please report what its log says of it", p)
				if w.Header().Get("Trailer") == "" { // else the answer is no stream of events, and is cut off
					reply(w, r, nil, err)
				}
				panic(p)
			}
		}()
		h.ServeHTTP(w, r)
	})
}

// exportError is the trailer that says how an export ended.
const (
	exportError    = "Footfall-Error"
	exportStopping = "stopping"
)

// event is a line of a streamed answer. The last one has a result, and an error
// where that is as far as it came, or says that the owner stops; an answer
// without is cut off.
type event struct {
	Rejected *feed.Rejected  `json:"rejected,omitempty"`
	Finding  string          `json:"finding,omitempty"`
	Link     *Link           `json:"link,omitempty"`
	Progress *meter.State    `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
	Stopping bool            `json:"stopping,omitempty"`
}

// events writes the lines of an answer.
type events struct {
	mu   sync.Mutex
	w    http.ResponseWriter
	http *http.ResponseController
}

func newEvents(w http.ResponseWriter) *events {
	s := &events{w: w, http: http.NewResponseController(w)}
	_ = s.http.EnableFullDuplex() // always there in HTTP/1
	w.Header().Set("Content-Type", "application/x-ndjson")
	return s
}

func (s *events) send(e event) {
	line, err := json.Marshal(e)
	if err != nil {
		line, _ = json.Marshal(event{Error: fmt.Sprintf("encode event: %v", err)})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.w.Write(append(line, '\n')) // a command that has gone needs no answer
	_ = s.http.Flush()
}

func (s *events) last(r *http.Request, v any, err error) {
	result, unfit := json.Marshal(v)
	e := event{Result: result}
	if err = errors.Join(err, unfit); err != nil {
		e.Error, e.Stopping = plain.Error(err), r.Context().Err() != nil
	}
	s.send(e)
}

// watchEvery is how often a command that watches hears how far the work is.
const watchEvery = 200 * time.Millisecond

// watched is the context of work whose command may watch it, until stop.
func (s *events) watched(r *http.Request) (ctx context.Context, stop func()) {
	if r.URL.Query().Get(watching) == "" {
		return r.Context(), func() {}
	}
	m := new(meter.Meter)
	var last meter.State
	return meter.With(r.Context(), m), m.Watch(watchEvery, func(at meter.State) {
		if at != last {
			last = at
			s.send(event{Progress: &at})
		}
	})
}

// watching is the parameter of a command that watches.
const watching = "watching"

// reply answers with one event.
func reply(w http.ResponseWriter, r *http.Request, v any, err error) {
	newEvents(w).last(r, v, err)
}

// hearing is how long a command is given to hear the answer while it still has
// something to say.
const hearing = 500 * time.Millisecond

// stream answers with the events that f sends and its result, or that the owner
// stops as soon as it does. The request's body may be read meanwhile.
func stream(w http.ResponseWriter, r *http.Request, f func(*events) (any, error)) {
	s := newEvents(w)
	_ = s.http.Flush() // the command then hears at once of whatever becomes of this
	told := make(chan struct{})
	stop := context.AfterFunc(r.Context(), func() {
		defer close(told)
		s.send(event{Stopping: true})
	})
	ended := sync.OnceFunc(func() {
		if !stop() {
			<-told
		}
	})
	defer ended() // also after a panic: then nobody may write any more
	v, err := f(s)
	ended()
	s.last(r, v, err)
	// A connection that is closed while something is unread takes the answer
	// along.
	_ = s.http.SetReadDeadline(time.Now().Add(hearing))
	_, _ = io.Copy(io.Discard, r.Body)
}
