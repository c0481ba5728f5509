package v3

import (
	"errors"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/faces/envelope"
)

type status = envelope.Status

// The statuses of this face alone. docs/api.md lists all statuses.
var (
	statusOK                 = status{Code: 200, Text: "OK"}
	statusLinkExists         = status{Code: 304, Text: "LINK_ALREADY_EXISTS"}
	statusInvalidAccessToken = status{Code: 403, Text: "INVALID_ACCESS_TOKEN"}
	statusLimitExceeded      = status{Code: 403, Text: "RATE_LIMIT_EXCEEDED"}
	statusOwnLink            = status{Code: 500, Text: "ALREADY_A_BITLY_LINK"}
	statusInvalidAPIKey      = status{Code: 500, Text: "INVALID_APIKEY"}
	statusKeywordTaken       = status{Code: 500, Text: "KEYWORD_TAKEN"}
	statusInvalidDomain      = status{Code: 500, Text: "INVALID_DOMAIN"}
	statusInvalidLogin       = status{Code: 500, Text: "INVALID_LOGIN"}
	statusInvalidURI         = status{Code: 500, Text: "INVALID_URI"}
	statusInvalidXAPIKey     = status{Code: 500, Text: "INVALID_X_APIKEY"}
)

// missing is the status for a required parameter that is not there.
func missing(name string) status {
	return status{Code: 500, Text: "MISSING_ARG_" + strings.ToUpper(name)}
}

// invalid is the status for a parameter with a wrong value.
func invalid(name string) status {
	return status{Code: 500, Text: "INVALID_ARG_" + strings.ToUpper(name)}
}

// statusOf maps errors to statuses.
func statusOf(err error) status {
	switch {
	case err == nil:
		return statusOK
	case errors.Is(err, links.ErrURL):
		return statusInvalidURI
	case errors.Is(err, links.ErrOwnLink):
		return statusOwnLink
	case errors.Is(err, links.ErrDomain):
		return invalid("domain")
	case errors.Is(err, links.ErrName):
		return invalid("keyword")
	case errors.As(err, new(*links.TakenError)):
		return statusKeywordTaken
	case errors.Is(err, click.ErrNotFound):
		return envelope.NotFound
	}
	return envelope.StatusOf(err)
}
