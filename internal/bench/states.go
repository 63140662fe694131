package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
)

// stateServer keeps Terraform states, for the backend "http".
type stateServer struct {
	*httptest.Server

	mu     sync.Mutex
	states map[string][]byte // by path
}

func startStateServer() *stateServer {
	s := &stateServer{states: map[string][]byte{}}
	s.Server = httptest.NewServer(s)
	return s
}

// add returns the address of a state, which is nil before Terraform writes it.
func (s *stateServer) add(name string, state []byte) (address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states["/"+name] = state
	return s.URL + "/" + name
}

func (s *stateServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state := s.states[r.URL.Path]; {
	case r.Method == http.MethodPost:
		s.states[r.URL.Path] = body
	case state == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		_, _ = w.Write(state)
	}
}
