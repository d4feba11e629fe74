import { Buffer } from "node:buffer";

/** What rhea uses of a socket. */
interface RheaSocket {
  on(event: string, handle: (value?: unknown) => void): void;
  write(data: Uint8Array): void;
  end(): void;
  get_id_string(): string;
}

/** A WebSocket as rhea takes it for a socket. */
export function wrapWebSocket(socket: WebSocket): RheaSocket {
  socket.binaryType = "arraybuffer";
  return {
    on(event, handle) {
      if (event === "data") socket.onmessage = ({ data }) => handle(Buffer.from(data as ArrayBuffer));
      if (event === "end") socket.onclose = () => handle();
      if (event === "error") socket.onerror = () => handle();
    },
    write(data) {
      if (socket.readyState === WebSocket.OPEN) socket.send(Uint8Array.from(data));
    },
    end: () => socket.close(),
    get_id_string: () => "websocket",
  };
}
