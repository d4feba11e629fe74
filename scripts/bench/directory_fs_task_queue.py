"""What a user of fs-task-queue does, timed: `DIRECTORY push|claim|take COUNT` prints the seconds that it took.

`take` is what its worker does for a job; `claim` does the same, and tells what the first part of it took.
"""

import sys
import time

from fs_task_queue import Queue


def push(queue, number):
    started = time.perf_counter()
    queue.enqueue(abs, -number)
    return time.perf_counter() - started


def claim(queue, _):
    started = time.perf_counter()
    job = queue.dequeue()
    seconds = time.perf_counter() - started
    job()
    return seconds


def take(queue, _):
    started = time.perf_counter()
    queue.dequeue()()
    return time.perf_counter() - started


directory, action, count = sys.argv[1:]
act = {"push": push, "claim": claim, "take": take}[action]
queue = Queue(directory)
print(sum(act(queue, number) for number in range(int(count))))
