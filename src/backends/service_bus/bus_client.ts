import { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import { sendOnce } from "../azure/single_send.ts";
import type { BusAccess, Transport } from "./bus_access.ts";
import { withoutPort } from "./bus_host.ts";

/** Source: "Test locally by using the Azure Service Bus emulator". */
const EMULATOR_AMQP_PORT = 5672;
const EMULATOR_ADMIN_PORT = 5300;

export interface BusClientOptions {
  readonly transport: Transport;
  /** How long the service may take to answer, in ms. */
  readonly timeoutMs: number;
}

/** The SDK's client for messages, which repeats nothing by itself. It connects when it is first used. */
export function busClient(access: BusAccess, { transport, timeoutMs }: BusClientOptions): ServiceBusClient {
  const options = {
    retryOptions: { maxRetries: 0, retryDelayInMs: 1, timeoutInMs: timeoutMs },
    // Deno's own goes through proxies.
    webSocketOptions: transport === "ws" ? { webSocket: WebSocket } : undefined,
  };
  const { host, login, isEmulator } = access;
  switch (login.kind) {
    case "connection-string":
      return new ServiceBusClient(login.text, options);
    case "sas": {
      const text = `Endpoint=sb://${host}/;SharedAccessSignature=${login.sas}`;
      return new ServiceBusClient(isEmulator ? `${text};UseDevelopmentEmulator=true` : text, options);
    }
    case "token":
      return new ServiceBusClient(host, login.credential, options);
    default:
      return login satisfies never;
  }
}

/** The SDK's client for what is made and looked at over HTTP. It repeats nothing by itself, and Deno neither. */
export function adminClient(access: BusAccess): ServiceBusAdministrationClient {
  const admin = signedAdmin(access);
  const { isEmulator } = access;
  admin.pipeline.addPolicy({
    name: "lastStep",
    sendRequest(request, next) {
      if (isEmulator) {
        request.allowInsecureConnection = true;
        request.url = request.url.replace(/^https:/, "http:");
      }
      sendOnce(request);
      return next(request);
    },
  }, { afterPhase: "Sign" });
  return admin;
}

function signedAdmin(access: BusAccess): ServiceBusAdministrationClient {
  const { login } = access;
  const host = adminHost(access);
  const options = { retryOptions: { maxRetries: 0 } };
  switch (login.kind) {
    case "connection-string":
      return new ServiceBusAdministrationClient(
        login.text.replace(`//${access.host}/`, `//${host}/`),
        options,
      );
    case "sas": {
      // The SDK takes keys and tokens only: what it signs with this one is replaced.
      const admin = new ServiceBusAdministrationClient(host, { name: "none", key: "none" }, options);
      admin.pipeline.addPolicy({
        name: "sas",
        sendRequest(request, next) {
          request.headers.set("authorization", login.sas);
          return next(request);
        },
      });
      return admin;
    }
    case "token":
      return new ServiceBusAdministrationClient(host, login.credential, options);
    default:
      return login satisfies never;
  }
}

/** Microsoft's emulator is managed at another port than that of AMQP; others have one port for all. */
function adminHost({ host, isEmulator }: BusAccess): string {
  const isUsual = withoutPort(host) === host || host.endsWith(`:${EMULATOR_AMQP_PORT}`);
  return isEmulator && isUsual ? `${withoutPort(host)}:${EMULATOR_ADMIN_PORT}` : host;
}
