package oauth

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/footfall/footfall/internal/faces/envelope"
)

// maxBody bounds a body, in bytes. Applications send some hundred.
const maxBody = 4 << 10

// form is the body of a request.
type form url.Values

// readForm reads the body as a form. It ignores the Content-Type, which clients
// leave out or set to that of JSON, and skips pairs that are not well escaped.
func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, envelope.TooLarge
	}
	if err != nil {
		return nil, envelope.InvalidRequest // the client's fault, and so not logged
	}
	values, _ := url.ParseQuery(string(body))
	return form(values), nil
}

// get is the first value of the name that is not empty, or "".
func (f form) get(name string) string {
	for _, v := range f[name] {
		if v != "" {
			return v
		}
	}
	return ""
}
