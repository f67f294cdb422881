package mailtest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// authServer is the server's side of a mechanism. in is told who signed in.
func authServer(mechanism string, users map[string]string, in func(user string)) (sasl.Server, error) {
	check := func(user, password string) error {
		if want, ok := users[user]; !ok || want != password {
			return smtp.ErrAuthFailed
		}
		in(user)
		return nil
	}
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		return &dialogue{login: check}, nil
	case "CRAM-MD5":
		return &cram{users: users, in: in}, nil
	case "SCRAM-SHA-1":
		return &scram{h: sha1.New, users: users, in: in}, nil
	case "SCRAM-SHA-256":
		return &scram{h: sha256.New, users: users, in: in}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// dialogue is LOGIN: name and password are asked for one after the other.
type dialogue struct {
	login func(user, password string) error
	heard []string
}

func (d *dialogue) Next(response []byte) ([]byte, bool, error) {
	if response != nil {
		d.heard = append(d.heard, string(response))
	}
	switch len(d.heard) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	}
	return nil, true, d.login(d.heard[0], d.heard[1])
}

type cram struct {
	users map[string]string
	in    func(string)
	asked bool
}

const challenge = "<1896.697170952@mail.test>"

func (c *cram) Next(response []byte) ([]byte, bool, error) {
	if !c.asked {
		c.asked = true
		return []byte(challenge), false, nil
	}
	user, sum, _ := strings.Cut(string(response), " ")
	mac := hmac.New(md5.New, []byte(c.users[user]))
	mac.Write([]byte(challenge))
	if _, ok := c.users[user]; !ok || sum != hex.EncodeToString(mac.Sum(nil)) {
		return nil, true, smtp.ErrAuthFailed
	}
	c.in(user)
	return nil, true, nil
}

// scram is RFC 5802 without channel binding.
type scram struct {
	h     func() hash.Hash
	users map[string]string
	in    func(string)

	step                     int
	user, nonce, first, says string
}

func (s *scram) Next(response []byte) ([]byte, bool, error) {
	s.step++
	salt := []byte("salt of a test")
	switch {
	case response == nil:
		s.step = 0
		return nil, false, nil
	case s.step == 1:
		bare, ok := strings.CutPrefix(string(response), "n,,")
		fields := strings.Split(bare, ",")
		if !ok || len(fields) < 2 {
			return nil, true, errors.New("no first message of SCRAM")
		}
		s.user = strings.NewReplacer("=2C", ",", "=3D", "=").Replace(strings.TrimPrefix(fields[0], "n="))
		s.nonce = strings.TrimPrefix(fields[1], "r=") + "server"
		s.first, s.says = bare, "r="+s.nonce+",s="+base64.StdEncoding.EncodeToString(salt)+",i=4096"
		return []byte(s.says), false, nil
	case s.step == 2:
		final, proof, _ := strings.Cut(string(response), ",p=")
		salted, err := pbkdf2.Key(s.h, s.users[s.user], salt, 4096, s.h().Size())
		if err != nil {
			return nil, true, err
		}
		mac := func(key []byte, text string) []byte {
			m := hmac.New(s.h, key)
			m.Write([]byte(text))
			return m.Sum(nil)
		}
		whole := s.first + "," + s.says + "," + final
		client := mac(salted, "Client Key")
		stored := s.h()
		stored.Write(client)
		signature := mac(stored.Sum(nil), whole)
		for i := range client {
			client[i] ^= signature[i]
		}
		if _, ok := s.users[s.user]; !ok || final != "c=biws,r="+s.nonce || proof != base64.StdEncoding.EncodeToString(client) {
			return nil, true, smtp.ErrAuthFailed
		}
		return []byte("v=" + base64.StdEncoding.EncodeToString(mac(mac(salted, "Server Key"), whole))), false, nil
	}
	s.in(s.user)
	return nil, true, nil
}
