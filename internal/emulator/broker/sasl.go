package broker

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"maps"
	"strings"
	"sync"
)

const (
	mechanismPlain    = "PLAIN"
	mechanismScram256 = "SCRAM-SHA-256"
	mechanismScram512 = "SCRAM-SHA-512"
)

var saslMechanisms = []string{mechanismPlain, mechanismScram256, mechanismScram512}

// A saslExchange takes the client's next message and gives the server's
// answer, until done or an error, whose text the client is shown.
type saslExchange func(message []byte) (answer []byte, done bool, err error)

var (
	errCredentials = errors.New("invalid username or password")
	errMalformed   = errors.New("malformed SASL message")
)

// userStore holds the users of a cluster.
type userStore struct {
	mu        sync.Mutex
	passwords map[string]string
}

func newUserStore(passwords map[string]string) *userStore {
	return &userStore{passwords: maps.Clone(passwords)}
}

func (u *userStore) set(user, password string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if password == "" {
		delete(u.passwords, user)
		return
	}
	u.passwords[user] = password
}

func (u *userStore) password(user string) (string, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	password, ok := u.passwords[user]
	return password, ok && password != ""
}

// exchange begins a login; nil for a mechanism that is not offered.
func (u *userStore) exchange(mechanism string) saslExchange {
	switch mechanism {
	case mechanismPlain:
		return u.plain
	case mechanismScram256:
		return (&scramExchange{users: u, hash: sha256.New}).step
	case mechanismScram512:
		return (&scramExchange{users: u, hash: sha512.New}).step
	default:
		return nil
	}
}

// plain is RFC 4616: authorization identity, user, password, by NUL bytes.
func (u *userStore) plain(message []byte) ([]byte, bool, error) {
	parts := strings.Split(string(message), "\x00")
	if len(parts) != 3 || parts[0] != "" && parts[0] != parts[1] {
		return nil, false, errMalformed
	}
	password, ok := u.password(parts[1])
	if !ok || subtle.ConstantTimeCompare([]byte(password), []byte(parts[2])) != 1 {
		return nil, false, errCredentials
	}
	return nil, true, nil
}
