package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
)

// secrets are the passwords to both clusters.
func (d *demo) secrets() []string {
	return []string{d.source.restPassword, d.source.kafkaPassword, d.destination.restPassword, d.destination.kafkaPassword}
}

// holds tells whether one of the secrets stands in a file, or in a file that a
// zip archive holds, as a saved plan is one.
func holds(file string, secrets []string) (bool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	texts := [][]byte{text}
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil && !errors.Is(err, zip.ErrFormat) {
		return false, err
	}
	if err == nil {
		for _, member := range archive.File {
			unpacked, err := unpack(member)
			if err != nil {
				return false, err
			}
			texts = append(texts, unpacked)
		}
	}
	return slices.ContainsFunc(texts, func(text []byte) bool {
		return slices.ContainsFunc(secrets, func(secret string) bool { return bytes.Contains(text, []byte(secret)) })
	}), nil
}

func unpack(member *zip.File) ([]byte, error) {
	reader, err := member.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }()
	return io.ReadAll(io.LimitReader(reader, 1<<24))
}
