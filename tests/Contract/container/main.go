// What runs in the container of the Docker scenario: one static program, so that the image needs nothing else.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	link, err := net.InterfaceByName("eth0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("mtu %d\n", link.MTU)
}
