import { hasOpenssl } from "../../support/service_bus_broker/certificate.ts";
import { testWhere } from "../../support/testing.ts";
import { interopTest } from "./python_tool.ts";

/** A test with the Python tool on Service Bus, which speaks TLS only. */
export function busTest(name: string, fn: () => Promise<void>): void {
  if (hasOpenssl) interopTest(name, fn);
  else testWhere(false, "openssl", name, fn);
}
