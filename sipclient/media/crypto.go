package media

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/srtp/v3"
)

// suite is a way to encrypt that SDES can name.
type suite struct {
	name      string // RFC 4568 6.2, RFC 6188, RFC 7714
	profile   srtp.ProtectionProfile
	key, salt int // bytes
}

// suites lists what this phone takes; the first offered of them are also offered.
var suites = []suite{
	{"AES_CM_128_HMAC_SHA1_80", srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14},
	{"AES_CM_128_HMAC_SHA1_32", srtp.ProtectionProfileAes128CmHmacSha1_32, 16, 14},
	{"AES_256_CM_HMAC_SHA1_80", srtp.ProtectionProfileAes256CmHmacSha1_80, 32, 14},
	{"AES_256_CM_HMAC_SHA1_32", srtp.ProtectionProfileAes256CmHmacSha1_32, 32, 14},
	{"AEAD_AES_128_GCM", srtp.ProtectionProfileAeadAes128Gcm, 16, 12},
	{"AEAD_AES_256_GCM", srtp.ProtectionProfileAeadAes256Gcm, 32, 12},
}

const offeredSuites = 3

// crypto is one a=crypto line (RFC 4568 9.1): a tag, a suite and a master key.
type crypto struct {
	tag       string
	suite     suite
	key, salt []byte
	mki       []byte // marks the key in each packet; nil without
}

var errCrypto = errors.New("not a crypto line that this phone can use")

// newCrypto draws a key. Each line of an offer has one of its own.
func newCrypto(tag string, s suite) crypto {
	c := crypto{tag: tag, suite: s, key: make([]byte, s.key), salt: make([]byte, s.salt)}
	_, _ = rand.Read(c.key) // never fails (crypto/rand)
	_, _ = rand.Read(c.salt)
	return c
}

// text is the value of the a=crypto line.
func (c crypto) text() string {
	return c.tag + " " + c.suite.name + " inline:" + base64.StdEncoding.EncodeToString(slices.Concat(c.key, c.salt))
}

// same tells whether two lines give the same key.
func (c crypto) same(d crypto) bool {
	return c.suite.name == d.suite.name && slices.Equal(c.key, d.key) && slices.Equal(c.salt, d.salt) && slices.Equal(c.mki, d.mki)
}

// parseCrypto reads the value of an a=crypto line. A suite or a session parameter
// that this phone does not know makes the line one to pass over (RFC 4568 5.1.2, 6.3).
func parseCrypto(value string) (crypto, error) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return crypto{}, errCrypto
	}
	i := slices.IndexFunc(suites, func(s suite) bool { return strings.EqualFold(s.name, f[1]) })
	if i < 0 {
		return crypto{}, errCrypto
	}
	for _, param := range f[3:] {
		if !strings.HasPrefix(strings.ToUpper(param), "WSH=") { // a hint only; all others change the packets
			return crypto{}, errCrypto
		}
	}
	c := crypto{tag: f[0], suite: suites[i]}
	first, _, _ := strings.Cut(f[2], ";") // further keys would be told apart by their mark
	method, info, _ := strings.Cut(first, ":")
	if !strings.EqualFold(method, "inline") {
		return crypto{}, errCrypto
	}
	parts := strings.Split(info, "|")
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || len(raw) != c.suite.key+c.suite.salt {
		return crypto{}, errCrypto
	}
	c.key, c.salt = raw[:c.suite.key:c.suite.key], raw[c.suite.key:]
	for _, part := range parts[1:] {
		if id, length, ok := strings.Cut(part, ":"); ok { // else a lifetime, which no test call reaches
			if c.mki, err = parseMKI(id, length); err != nil {
				return crypto{}, err
			}
		}
	}
	return c, nil
}

// parseMKI reads a key's mark: a number and its length in bytes.
func parseMKI(id, length string) ([]byte, error) {
	n, err := strconv.Atoi(length)
	value, ok := new(big.Int).SetString(id, 10)
	if err != nil || !ok || n < 1 || n > 128 || value.Sign() < 0 || value.BitLen() > 8*n {
		return nil, errCrypto
	}
	return value.FillBytes(make([]byte, n)), nil
}

// parseCryptos reads the lines that can be used, in their order.
func parseCryptos(values []string) (list []crypto) {
	for _, v := range values {
		if c, err := parseCrypto(v); err == nil {
			list = append(list, c)
		}
	}
	return list
}

// suiteNames lists the suites that crypto lines name, for a sentence.
func suiteNames(values []string) string {
	var names []string
	for _, v := range values {
		if f := strings.Fields(v); len(f) > 1 {
			names = append(names, f[1])
		}
	}
	return strings.Join(names, ", ")
}

// context makes the state of one direction.
func (c crypto) context(options ...srtp.ContextOption) (*srtp.Context, error) {
	if c.mki != nil {
		options = append(options, srtp.MasterKeyIndicator(c.mki))
	}
	ctx, err := srtp.CreateContext(c.key, c.salt, c.suite.profile, options...)
	if err != nil {
		return nil, fmt.Errorf("no encryption with %s: %w", c.suite.name, err)
	}
	return ctx, nil
}
