package main

// wireContract describes the contract that this build of the host speaks. Exactly one contract_*.go is compiled in (they
// have build tags): a descriptor of another contract in the executable would be another contract for the plugin to find.
type wireContract struct {
	// service is the full name of the provider's service.
	service string
	// lacks names what the contract has no words for, and why.
	lacks map[feature]string
}

// feature is something that cases need of a contract and that not every contract has.
type feature string

const (
	// hasHeartbeat: instances can be asked for one by one.
	hasHeartbeat feature = "heartbeat"
	// hasSuspend: there are Suspend and Resume.
	hasSuspend feature = "suspend"
	// hasPartialError: an answer can say what succeeded and, at the same time, why the rest did not.
	hasPartialError feature = "partial error"
	// hasRawConfig: plugin_config travels as text that may be anything.
	hasRawConfig feature = "raw configuration"
)

// alive asks about one instance, by ConnectInfo where the contract has no Heartbeat.
func (s *Session) alive(c *Case, id string) error {
	if _, lacking := wire.lacks[hasHeartbeat]; !lacking {
		return s.Group.Heartbeat(c.ctx, id)
	}
	_, err := s.Group.ConnectInfo(c.ctx, id)
	return err
}
