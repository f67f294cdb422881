package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"
)

// Cert says what is wrong with the server's certificate.
type Cert int

// The certificates.
const (
	Good       Cert = iota
	WrongHost       // for mail.elsewhere.test
	SelfSigned      // by nobody in Roots
	Expired         // in 2021
	OldTLS          // good, but the server knows no newer TLS than 1.1
)

func newTLSListener(l net.Listener, config *tls.Config) net.Listener {
	return tls.NewListener(l, config)
}

// certificate makes an authority and what it signs: good from 2020 to 2100, so under most fake clocks, too.
func certificate(kind Cert) (*tls.Config, *x509.CertPool, error) {
	from, until := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of a test"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, nil, err
	}
	authority, err := x509.ParseCertificate(rootDER)
	if err != nil {
		return nil, nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mail.test"}, NotBefore: from, NotAfter: until,
		DNSNames: []string{"localhost", "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signer, signKey := authority, rootKey
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	switch kind {
	case WrongHost:
		leaf.DNSNames, leaf.IPAddresses = []string{"mail.elsewhere.test"}, nil
	case SelfSigned:
		signer, signKey = leaf, key
	case Expired:
		leaf.NotAfter = from.AddDate(1, 0, 0)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, signer, key.Public(), signKey)
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	if kind == OldTLS {
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 //nolint:gosec // what it is there to show
	}
	return config, roots, nil
}
