package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/faces/envelope"
)

// The statuses of this face alone. docs/api.md lists all statuses.
var (
	statusMissingLogin    = envelope.Status{Code: 401, Text: "MISSING_ARG_LOGIN"}
	statusInvalidLogin    = envelope.Status{Code: 401, Text: "INVALID_LOGIN"}
	statusInvalidClientID = envelope.Status{Code: 401, Text: "INVALID_CLIENT_ID"}
	statusInvalidCode     = envelope.Status{Code: 401, Text: "INVALID_CODE"}
	statusTooMany         = envelope.Status{Code: 429, Text: "RATE_LIMIT_EXCEEDED"}
)

// statusOf maps errors to statuses. An unknown login and a wrong password have the
// same one.
func statusOf(err error) envelope.Status {
	switch {
	case errors.Is(err, auth.ErrUnknownLogin), errors.Is(err, auth.ErrPassword):
		return statusInvalidLogin
	case errors.Is(err, auth.ErrTooMany):
		return statusTooMany
	case errors.Is(err, auth.ErrBusy):
		return envelope.Unavailable
	}
	return envelope.StatusOf(err)
}

// refuse answers with a status.
func refuse(w http.ResponseWriter, s envelope.Status) {
	h := w.Header()
	switch s.Code {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="footfall", charset="UTF-8"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(int(auth.GuessEvery/time.Second)))
	}
	body := fmt.Appendf(nil, `{"status_code": %d, "data": null, "status_txt": %q}`, s.Code, s.Text)
	envelope.Write(w, s.Code, "application/json; charset=utf-8", body)
}
