import { assertEquals } from "../assert.ts";
import { ManualClock } from "../manual_clock.ts";
import { test } from "../testing.ts";
import { BrokerQueue } from "./queue.ts";

test("consumers that wait get messages in turn, and only as many as they have credit for", () => {
  const queue = new BrokerQueue("q", {}, new ManualClock());
  const consumer = (credit: number) => {
    const got: number[] = [];
    queue.subscribe({
      deletes: true,
      get credit() {
        return credit - got.length;
      },
      deliver: ({ sequenceNumber }) => void got.push(sequenceNumber),
    });
    return got;
  };
  const [one, other] = [consumer(2), consumer(10)];
  for (let i = 0; i < 6; i++) queue.send({ body: "x" });
  assertEquals([one, other], [[1, 3], [2, 4, 5, 6]]);
});
