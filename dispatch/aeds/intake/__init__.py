"""Reports in: from devices, gateways and people, over HTTP and MQTT, gathered and settled together."""
