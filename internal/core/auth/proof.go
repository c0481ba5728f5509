package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// Cost is what it takes to check a password with argon2id.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
}

// DefaultCost is one of the settings that OWASP recommends (Password Storage Cheat Sheet).
// Passwords are checked one at a time.
var DefaultCost = Cost{Memory: 46 << 10, Passes: 1}

const (
	saltSize, proofSize = 16, 32
	// maxMemory and maxPasses bound what a proof in the database can make the server do.
	maxMemory, maxPasses = 1 << 20, 16
)

var errProof = errors.New("the proof of a password in the database cannot be read")

// newProof is what is kept of a password: argon2id of it (RFC 9106), with a salt, in PHC format.
func newProof(password string, c Cost) (string, error) {
	var salt [saltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", fmt.Errorf("salt: %w", err)
	}
	return format(salt[:], argon2.IDKey([]byte(password), salt[:], c.Passes, c.Memory, 1, proofSize), c), nil
}

func format(salt, sum []byte, c Cost) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.Memory, c.Passes, b64(salt), b64(sum))
}

// checkProof reports whether a password fits a proof. old means that it does, but that the
// proof is one of bcrypt, which earlier versions made, or has another cost.
func checkProof(proof, password string, want Cost) (right, old bool, err error) {
	if strings.HasPrefix(proof, "$2") {
		switch err := bcrypt.CompareHashAndPassword([]byte(proof), []byte(password)); {
		case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
			return false, false, nil
		case err != nil:
			return false, false, fmt.Errorf("%w: %w", errProof, err)
		}
		return true, true, nil
	}
	var c Cost
	var version int
	parts := strings.Split(proof, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false, errProof
	}
	_, err = fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=1", &version, &c.Memory, &c.Passes)
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	sum, errSum := base64.RawStdEncoding.DecodeString(parts[5])
	if errors.Join(err, errSalt, errSum) != nil || version != argon2.Version || c.Passes < 1 || c.Passes > maxPasses ||
		c.Memory < 8 || c.Memory > maxMemory || len(sum) != proofSize {
		return false, false, errProof
	}
	got := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, 1, proofSize)
	right = subtle.ConstantTimeCompare(got, sum) == 1
	return right, right && c != want, nil
}

// dummyProof takes as long to check as a real proof, and no password fits it.
func dummyProof(c Cost) string { return format(make([]byte, saltSize), make([]byte, proofSize), c) }
