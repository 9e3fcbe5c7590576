package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"time"
)

// instance is one simulated machine, guarded by its group's mutex.
type instance struct {
	id      string
	number  int
	address string
	state   string
	key     []byte
	// seen is set once Update has reported the instance; only then may it be reported deleted.
	seen bool
	// failed is set when the creation went wrong and the instance waits to be reported deleted.
	failed bool
	// reported counts how often it was listed as deleted.
	reported int
	cancel   chan struct{}
}

func newInstance(group string, number int, withKey bool) *instance {
	random := make([]byte, 4)
	rand.Read(random)
	result := &instance{
		id:      fmt.Sprintf("%s-%x%s", group, time.Now().UnixNano(), hex.EncodeToString(random)),
		number:  number,
		address: fmt.Sprintf("10.210.%d.%d", number/128, number%128*2+1),
		state:   "creating",
		cancel:  make(chan struct{}),
	}
	if withKey {
		key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		der, _ := x509.MarshalPKCS8PrivateKey(key)
		result.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	return result
}
