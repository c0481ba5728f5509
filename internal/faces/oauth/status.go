package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
)

// status is an answer without a token: the HTTP status, which the body repeats
// as status_code, and status_txt. It is an error.
type status struct {
	code int
	text string
}

func (s status) Error() string { return s.text }

// The statuses, as docs/api.md lists them.
var (
	statusMissingLogin     = status{401, "MISSING_ARG_LOGIN"}
	statusInvalidLogin     = status{401, "INVALID_LOGIN"}
	statusInvalidClientID  = status{401, "INVALID_CLIENT_ID"}
	statusInvalidCode      = status{401, "INVALID_CODE"}
	statusTooMany          = status{429, "RATE_LIMIT_EXCEEDED"}
	statusCutOff           = status{400, "INVALID_REQUEST"}
	statusTooLarge         = status{413, "REQUEST_TOO_LARGE"}
	statusNotFound         = status{404, "NOT_FOUND"}
	statusMethodNotAllowed = status{405, "METHOD_NOT_ALLOWED"}
	statusUnavailable      = status{503, "TEMPORARILY_UNAVAILABLE"}
	statusUnknown          = status{500, "UNKNOWN_ERROR"}
)

// statusOf is the one table from errors to the wire. An unknown login and a
// wrong password are the same there.
func statusOf(err error) status {
	var s status
	switch {
	case errors.As(err, &s):
		return s
	case errors.Is(err, auth.ErrUnknownLogin), errors.Is(err, auth.ErrPassword):
		return statusInvalidLogin
	case errors.Is(err, auth.ErrTooMany):
		return statusTooMany
	case errors.Is(err, auth.ErrBusy), errors.Is(err, click.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return statusUnavailable
	}
	return statusUnknown
}

// refuse answers with a status.
func refuse(w http.ResponseWriter, s status) {
	h := w.Header()
	switch s.code {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="footfall", charset="UTF-8"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(int(auth.GuessEvery/time.Second)))
	}
	body := fmt.Appendf(nil, `{"status_code": %d, "data": null, "status_txt": %q}`, s.code, s.text)
	write(w, s.code, "application/json; charset=utf-8", body)
}

// write is the one place that answers.
func write(w http.ResponseWriter, code int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client has gone; nothing is left to do for it
}
