package broker

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"
)

// scramIterations is Kafka's least, and default, number of rounds.
const scramIterations = 4096

// scramExchange is the server's side of one login by SCRAM (RFC 5802, without
// channel binding). The salt is chosen for each login, so there are no stored
// credentials to keep in step with the passwords.
type scramExchange struct {
	users *userStore
	hash  func() hash.Hash

	clientFirst, serverFirst string // as the signatures see them
	nonce                    string
	salted                   []byte
}

func (s *scramExchange) step(message []byte) ([]byte, bool, error) {
	if s.serverFirst == "" {
		answer, err := s.first(string(message))
		return answer, false, err
	}
	answer, err := s.final(string(message))
	return answer, err == nil, err
}

// first answers "n,,n=user,r=nonce" with our nonce, the salt and the rounds.
func (s *scramExchange) first(message string) ([]byte, error) {
	// The header's second field is an authorization identity, which Kafka
	// wants to be the user, and clients leave out.
	header := strings.SplitN(message, ",", 3)
	if len(header) != 3 || header[0] != "n" {
		return nil, errMalformed
	}
	s.clientFirst = header[2]
	fields := strings.Split(s.clientFirst, ",")
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "n=") || !strings.HasPrefix(fields[1], "r=") {
		return nil, errMalformed
	}
	user := strings.NewReplacer("=2C", ",", "=3D", "=").Replace(fields[0][2:])
	password, ok := s.users.password(user)
	if !ok || header[1] != "" && header[1] != "a="+fields[0][2:] {
		return nil, errCredentials
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	var err error
	if s.salted, err = pbkdf2.Key(s.hash, password, salt, scramIterations, s.hash().Size()); err != nil {
		return nil, err
	}
	s.nonce = fields[1][2:] + rand.Text()
	s.serverFirst = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString(salt), scramIterations)
	return []byte(s.serverFirst), nil
}

// final checks "c=biws,r=nonce,p=proof" and proves in turn that we know the
// password.
func (s *scramExchange) final(message string) ([]byte, error) {
	unsigned, encoded, ok := strings.Cut(message, ",p=")
	if !ok || unsigned != "c=biws,r="+s.nonce {
		return nil, errMalformed
	}
	proof, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(proof) != s.hash().Size() {
		return nil, errMalformed
	}
	signed := s.clientFirst + "," + s.serverFirst + "," + unsigned

	clientKey := s.sign(s.salted, "Client Key")
	h := s.hash()
	h.Write(clientKey)
	want := s.sign(h.Sum(nil), signed)
	for i := range want {
		want[i] ^= clientKey[i]
	}
	if !hmac.Equal(want, proof) {
		return nil, errCredentials
	}
	signature := s.sign(s.sign(s.salted, "Server Key"), signed)
	return []byte("v=" + base64.StdEncoding.EncodeToString(signature)), nil
}

func (s *scramExchange) sign(key []byte, text string) []byte {
	mac := hmac.New(s.hash, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
