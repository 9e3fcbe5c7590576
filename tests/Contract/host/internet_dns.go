package main

import (
	"encoding/binary"
	"io"
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// serveNames answers DNS over UDP and TCP in the background.
func serveNames(address string, names zone, failures chan<- error) error {
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	streams, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() { failures <- names.servePackets(packets) }()
	go func() { failures <- names.serveStreams(streams) }()
	return nil
}

func (z zone) servePackets(socket net.PacketConn) error {
	buffer := make([]byte, 4096)
	for {
		length, client, err := socket.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if answer := z.answer(buffer[:length]); answer != nil {
			socket.WriteTo(answer, client)
		}
	}
}

func (z zone) serveStreams(listener net.Listener) error {
	for {
		stream, err := listener.Accept()
		if err != nil {
			return err
		}
		go z.serveStream(stream)
	}
}

// serveStream reads questions that are preceded by their length in two bytes, until the client hangs up.
func (z zone) serveStream(stream net.Conn) {
	defer stream.Close()
	for {
		var length uint16
		if binary.Read(stream, binary.BigEndian, &length) != nil {
			return
		}
		question := make([]byte, length)
		if _, err := io.ReadFull(stream, question); err != nil {
			return
		}
		answer := z.answer(question)
		if answer == nil {
			return
		}
		framed := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
		if _, err := stream.Write(append(framed, answer...)); err != nil {
			return
		}
	}
}

// answer is nil for what is no question.
func (z zone) answer(packet []byte) []byte {
	var question dnsmessage.Message
	if question.Unpack(packet) != nil || question.Response || len(question.Questions) != 1 {
		return nil
	}
	asked := question.Questions[0]
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: question.ID, Response: true, Authoritative: true,
			RecursionDesired: question.RecursionDesired, RecursionAvailable: true,
		},
		Questions: question.Questions,
	}
	addresses, known := z[strings.ToLower(strings.TrimSuffix(asked.Name.String(), "."))]
	if !known {
		answer.RCode = dnsmessage.RCodeNameError
	}
	for _, address := range addresses {
		if body := record(address, asked.Type); body != nil {
			answer.Answers = append(answer.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET, TTL: 60},
				Body:   body,
			})
		}
	}
	packed, err := answer.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// record is nil when the address is not of the family that was asked for.
func record(address net.IP, wanted dnsmessage.Type) dnsmessage.ResourceBody {
	four := address.To4()
	switch {
	case wanted == dnsmessage.TypeA && four != nil:
		body := &dnsmessage.AResource{}
		copy(body.A[:], four)
		return body
	case wanted == dnsmessage.TypeAAAA && four == nil:
		body := &dnsmessage.AAAAResource{}
		copy(body.AAAA[:], address.To16())
		return body
	}
	return nil
}
