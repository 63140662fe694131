package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

var (
	errNoClusterID = errors.New("emulator: Config.ClusterID is empty")
	errNoClientCA  = errors.New("emulator: Config.ClientCA holds no certificate")
	errMTLSPlain   = errors.New("emulator: client certificates need Config.TLS")
)

// The error codes that the REST API adds to the HTTP status.
const (
	codeAuthentication = 40101
	codeForbidden      = 40301
	codeUnknownTopic   = 40403
	codeBadRequest     = 40002
	codeUnsupported    = 40035
	codeLinkExists     = 40902
	codeRetriable      = 50003
)

// apiError is an error answer: an HTTP status, and the body {"error_code", "message"}.
type apiError struct {
	status  int
	Code    int    `json:"error_code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.Message }

func httpError(status int) *apiError {
	return &apiError{status, status, fmt.Sprintf("HTTP %d %s", status, http.StatusText(status))}
}

func badRequest(format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, codeBadRequest, fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, codeUnsupported, fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func retriable(format string, args ...any) *apiError {
	return &apiError{http.StatusInternalServerError, codeRetriable, fmt.Sprintf(format, args...)}
}

func unknownTopic() *apiError {
	return &apiError{http.StatusNotFound, codeUnknownTopic, "This server does not host this topic-partition."}
}

func topicExists(name string) *apiError { return badRequest("Topic '%s' already exists.", name) }

func linkNotFound(name string) *apiError {
	return &apiError{http.StatusNotFound, http.StatusNotFound, fmt.Sprintf("Cluster link '%s' does not exist.", name)}
}

func linkUnresolved(name string) *apiError {
	return &apiError{http.StatusNotFound, http.StatusNotFound, fmt.Sprintf("Unable to resolve cluster link information for '%s'.", name)}
}

func mirrorNotFound(name string) *apiError {
	return &apiError{http.StatusNotFound, codeUnknownTopic, fmt.Sprintf("Mirror topic '%s' does not exist on this cluster link.", name)}
}

func wrongCluster(expected, actual string) *apiError {
	return badRequest("Unable to validate cluster link due to error: expected cluster id '%s', but the cluster's id is '%s'.", expected, actual)
}

// linkExists differs by dialect, as two forms are reported of live servers.
func (d Dialect) linkExists(name string) *apiError {
	if d == ConfluentPlatform71 {
		return badRequest("Cluster link '%s' already exists.", name)
	}
	return &apiError{http.StatusConflict, codeLinkExists, fmt.Sprintf("Cluster link '%s' already exists.", name)}
}

// refusedLink is the refusal to create a link that could not connect.
func (d Dialect) refusedLink(err error) error {
	var api *apiError
	if errors.As(err, &api) {
		return err
	}
	return d.unvalidated(err)
}

// unvalidated is the refusal to create a link whose remote cluster did not let it in. A refused credential is
// a 401 as is a wrong REST credential: on Confluent Cloud only the text tells one from the other.
func (d Dialect) unvalidated(err error) *apiError {
	message := "Unable to validate cluster link due to error: " + err.Error()
	if dialKind(err) != broker.KindAuthentication {
		return badRequest("%s", message)
	}
	code := codeAuthentication
	if d == ConfluentPlatform71 {
		code = http.StatusUnauthorized
	}
	return &apiError{http.StatusUnauthorized, code, message}
}

func sourceTopicMissing(name string) *apiError {
	return &apiError{http.StatusNotFound, codeUnknownTopic, fmt.Sprintf("Topic '%s' does not exist on the source cluster.", name)}
}

// brokerError is the answer to a call that this cluster's own broker refused.
func brokerError(err error) error {
	var kafka *kerr.Error
	switch {
	case errors.Is(err, broker.ErrNoTopic):
		return unknownTopic()
	case errors.Is(err, broker.ErrTopicExists):
		return badRequest("Topic already exists: %v", err)
	case errors.As(err, &kafka):
		return badRequest("%v", err)
	default:
		return retriable("%v", err)
	}
}

// dialKind tells why a connection to a remote cluster failed.
func dialKind(err error) broker.Kind {
	var dial *broker.DialError
	if errors.As(err, &dial) {
		return dial.Kind
	}
	return broker.KindUnknown
}

// writeError answers with an error; what is no apiError is the emulator's own failure.
func writeError(w http.ResponseWriter, err error) {
	var api *apiError
	if !errors.As(err, &api) {
		api = &apiError{http.StatusInternalServerError, http.StatusInternalServerError, err.Error()}
	}
	writeJSON(w, api.status, api)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // answers are made of plain structs
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}
