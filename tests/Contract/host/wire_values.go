package main

import (
	"errors"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// An unset duration stays absent on the wire, as the operator left it.
func toDuration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// toTime keeps an unset time apart from the epoch.
func toTime(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	result := t.AsTime()
	return &result
}

func textError(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// errorText is the plugin's own sentence, without what the gRPC library puts around it.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	if s, ok := status.FromError(err); ok {
		return s.Message()
	}
	return err.Error()
}
