package oauth

import (
	"errors"
	"io"
	"net/http"
	"net/url"
)

// maxBody bounds a body, in bytes. What applications send has some hundred.
const maxBody = 4 << 10

// form is the body of a request.
type form url.Values

// readForm reads the body as a form, whatever its Content-Type says: clients
// send none, an empty one, and that of json. What is not well escaped is left
// out.
func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, statusTooLarge
	}
	if err != nil {
		return nil, statusCutOff // the client's doing, and so not logged
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
