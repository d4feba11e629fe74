import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { type BusAccess, resolveBusAccess } from "../../../src/backends/service_bus/bus_access.ts";
import { silentLogger } from "../../../src/log/logger.ts";

/** The way to the broker's queue "q" with a connection string. */
export function accessBy(connectionString: string): BusAccess {
  return resolveBusAccess({ namespace: "localhost", queue: "q", connectionString }, {
    env: () => undefined,
    log: silentLogger,
  });
}

/** What a connection string says. */
export function fieldOf(connectionString: string, name: string): string {
  const [, value = ""] = new RegExp(`${name}=([^;]*)`).exec(connectionString) ?? [];
  return value;
}

/** A SAS for a part of the broker, signed with the key of a connection string. @param endsInS from now */
export function signSas(
  connectionString: string,
  { path = "", endsInS = 600 }: { path?: string; endsInS?: number } = {},
): string {
  const resource = encodeURIComponent(fieldOf(connectionString, "Endpoint") + path);
  const end = Math.floor(Date.now() / 1000) + endsInS;
  const signature = createHmac("sha256", fieldOf(connectionString, "SharedAccessKey"))
    .update(`${resource}\n${end}`).digest("base64");
  const name = fieldOf(connectionString, "SharedAccessKeyName");
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${end}&skn=${name}`;
}

/** The connection string with a SAS in place of the key. */
export function withSas(connectionString: string, sas: string): string {
  return connectionString.replace(
    /SharedAccessKeyName=.*?SharedAccessKey=[^;]*/,
    `SharedAccessSignature=${sas}`,
  );
}

/** A token as those of Entra ID look. @param endsInS from now */
export function newToken(endsInS = 600): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return [part({ typ: "JWT" }), part({ exp: Date.now() / 1000 + endsInS }), "c2lnbmF0dXJl"].join(".");
}
