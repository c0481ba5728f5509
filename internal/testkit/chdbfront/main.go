// Command chdbfront serves the current engine of ClickHouse, which the library libchdb
// contains, over HTTP, for tests: POST /?query=…&database=…&SETTING=… and GET /ping.
//
// It imitates ClickHouse's HTTP interface for a client that sends whole statements and
// reads whole answers: statements and data pass through it unchanged, and errors have
// ClickHouse's text, code and status. It is for tests only: it keeps answers in memory, and
// has no sessions, no compression and one user.
package main

import (
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// front serves the requests.
type front struct {
	library        *library
	user, password string
	incoming       string // directory of the data that inserts bring
	version        string
}

func main() {
	file := flag.String("library", "", "libchdb.so")
	data := flag.String("data", "", "directory of the data")
	listen := flag.String("listen", "", "address")
	user := flag.String("user", "", "the user")
	password := flag.String("password", "", "password of the user")
	flag.Parse()
	f := &front{user: *user, password: *password, incoming: filepath.Join(*data, "incoming")}
	if err := f.serve(*file, *data, *listen); err != nil {
		log.Fatal(err)
	}
}

func (f *front) serve(file, data, listen string) (err error) {
	if err := errors.Join(os.RemoveAll(f.incoming), os.MkdirAll(f.incoming, 0o700)); err != nil {
		return err
	}
	if f.library, err = openLibrary(file, data); err != nil {
		return err
	}
	c, err := f.library.open()
	if err != nil {
		return err
	}
	err = c.run([]byte("SELECT version()"), "TabSeparated", func(b []byte) error {
		f.version = strings.TrimSpace(string(b))
		return nil
	})
	c.close()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "Ok.") })
	mux.HandleFunc("/{$}", f.answer)
	server := &http.Server{Addr: listen, Handler: mux, IdleTimeout: 10 * time.Second, ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

// answer executes the statement of a request.
func (f *front) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	answered := false
	err = f.execute(r, body, func(answer []byte) error {
		answered = true
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, err := w.Write(answer)
		return err
	})
	if err == nil {
		return
	}
	if answered {
		panic(http.ErrAbortHandler) // the client has gone
	}
	code := codeOf(err)
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("X-ClickHouse-Exception-Code", code)
	w.WriteHeader(statusOf(code))
	fmt.Fprintf(w, "%v (version %s (official build))\n", err, f.version)
}

// aboutRequest are the parameters that are not settings.
var aboutRequest = []string{"query", "database", "user", "password", "default_format", "query_id", "wait_end_of_query", "buffer_size"}

func (f *front) execute(r *http.Request, body []byte, use func([]byte) error) error {
	if err := f.authenticate(r); err != nil {
		return err
	}
	parameters := r.URL.Query()
	for _, name := range []string{"session_id", "compress", "decompress"} {
		if parameters.Has(name) {
			return exception{48, "This front for tests has no " + name, "NOT_IMPLEMENTED"}
		}
	}
	if r.Header.Get("Content-Encoding") != "" {
		return exception{48, "This front for tests has no Content-Encoding", "NOT_IMPLEMENTED"}
	}
	c, err := f.library.open()
	if err != nil {
		return err
	}
	defer c.close()
	// The default of the library is 1, and that of servers 0.
	if err := c.run([]byte("SET implicit_select = 0"), "Null", ignore); err != nil {
		return err
	}
	for name, values := range parameters {
		if slices.Contains(aboutRequest, name) {
			continue
		}
		if err := c.run(fmt.Appendf(nil, "SET %s = %s", name, quote(values[0], "'")), "Null", ignore); err != nil {
			return err
		}
	}
	if database := parameters.Get("database"); database != "" {
		if err := c.run([]byte("USE "+quote(database, "`")), "Null", ignore); err != nil {
			return err
		}
	}
	if r.Method != http.MethodPost {
		if err := c.run([]byte("SET readonly = 2"), "Null", ignore); err != nil {
			return err
		}
	}
	format := "TabSeparated"
	if given := parameters.Get("default_format"); given != "" {
		format = given
	}
	before, after, data, insert := split(parameters.Get("query"), body)
	if !insert {
		return c.run([]byte(before), format, use)
	}
	file, err := os.CreateTemp(f.incoming, "")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(data)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	// Data inside the statement would end at its first line break.
	return c.run([]byte(before+" FROM INFILE "+quote(file.Name(), "'")+" COMPRESSION 'none'"+after), format, use)
}

func ignore([]byte) error { return nil }

// authenticate reads the three places in which ClickHouse looks for a password.
func (f *front) authenticate(r *http.Request) error {
	user, password, ok := r.BasicAuth()
	if !ok {
		user, password = r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key")
	}
	if user == "" {
		user, password = r.URL.Query().Get("user"), r.URL.Query().Get("password")
	}
	if user != f.user || subtle.ConstantTimeCompare([]byte(password), []byte(f.password)) == 0 {
		return exception{516, user + ": Authentication failed: password is incorrect, or there is no user with such name", "AUTHENTICATION_FAILED"}
	}
	return nil
}
