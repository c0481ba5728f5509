package v3

import (
	"context"
	"errors"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
)

// status is what the envelope says: status_code and status_txt. As an error it
// is the answer to a call that cannot be served.
type status struct {
	code int
	text string
}

func (s status) Error() string { return s.text }

// The statuses, as docs/api.md lists them.
var (
	statusOK                 = status{200, "OK"}
	statusInvalidAccessToken = status{403, "INVALID_ACCESS_TOKEN"}
	statusInvalidURI         = status{500, "INVALID_URI"}
	statusOwnLink            = status{500, "ALREADY_A_BITLY_LINK"}
	statusLimitExceeded      = status{403, "RATE_LIMIT_EXCEEDED"}
	statusInvalidLogin       = status{500, "INVALID_LOGIN"}
	statusInvalidAPIKey      = status{500, "INVALID_APIKEY"}
	statusInvalidXAPIKey     = status{500, "INVALID_X_APIKEY"}
	statusInvalidDomain      = status{500, "INVALID_DOMAIN"}
	statusLinkExists         = status{304, "LINK_ALREADY_EXISTS"}
	statusNotFound           = status{404, "NOT_FOUND"}
	statusMethodNotAllowed   = status{405, "METHOD_NOT_ALLOWED"}
	statusBadBody            = status{400, "INVALID_REQUEST"}
	statusTooLarge           = status{413, "REQUEST_TOO_LARGE"}
	statusUnavailable        = status{503, "TEMPORARILY_UNAVAILABLE"}
	statusUnknown            = status{500, "UNKNOWN_ERROR"}
)

// missing says that a required parameter is not there.
func missing(name string) error { return status{500, "MISSING_ARG_" + strings.ToUpper(name)} }

// invalid says that a parameter is out of its domain.
func invalid(name string) error { return status{500, "INVALID_ARG_" + strings.ToUpper(name)} }

// statusOf is the one table from errors to the wire.
func statusOf(err error) status {
	var s status
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &s):
		return s
	case errors.Is(err, links.ErrURL):
		return statusInvalidURI
	case errors.Is(err, links.ErrOwnLink):
		return statusOwnLink
	case errors.Is(err, links.ErrDomain):
		return status{500, "INVALID_ARG_DOMAIN"}
	case errors.Is(err, click.ErrNotFound):
		return statusNotFound
	case errors.Is(err, click.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return statusUnavailable
	}
	return statusUnknown
}
