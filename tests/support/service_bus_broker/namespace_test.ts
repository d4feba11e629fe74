import { assertEquals } from "../assert.ts";
import { ManualClock } from "../manual_clock.ts";
import { test } from "../testing.ts";
import { Namespace } from "./namespace.ts";

test("an address names a queue in any case, with its dead letters and its management, as URL or path", () => {
  const namespace = new Namespace(new ManualClock(), { autoCreate: false });
  namespace.create("Team/Jobs");
  const named = (address: string) => {
    const { queue, isManagement } = namespace.resolve(address);
    return [queue.name, isManagement];
  };
  assertEquals(named("/team/jobs"), ["Team/Jobs", false]);
  assertEquals(named("amqps://localhost/Team/Jobs/$management"), ["Team/Jobs", true]);
  assertEquals(named("team/jobs/$deadletterqueue/$Management"), ["Team/Jobs/$DeadLetterQueue", true]);
});
