"""What runs inside Redis: each script is one atomic step there, and nothing else happens between its lines.

Locks are neither written to the append-only file nor sent to replicas (``set_repl``): a unit costs one write to the
disk, its commit, and a server that starts again knows no lock, so that whoever believed to hold one is refused.
"""

TOUCH = """
-- KEYS: lock, value.  ARGV: owner, milliseconds, field ('' when the value is no hash).
-- {1, value}: the lock is ours now, and this is what stands there; {0}: somebody else has it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {0} end
redis.set_repl(redis.REPL_NONE)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.set_repl(redis.REPL_ALL)
if ARGV[3] == '' then return {1, redis.call('GET', KEYS[2])} end
return {1, redis.call('HGET', KEYS[2], ARGV[3])}
"""

COMMIT = """
-- KEYS: the locks, the hashes of what was read without one, and all that is written.
-- ARGV: owner, locks, checks; for each check: field, whether it was there, value; for each command: length, words.
-- 1: done; 0: a lock is not ours any more, or what was read has changed, and nothing was done.
local owner, locks, checks, at = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), 4
for i = 1, locks do
  if redis.call('GET', KEYS[i]) ~= owner then return 0 end
end
for i = locks + 1, locks + checks do
  local expected = ARGV[at + 1] == '1' and ARGV[at + 2]
  if redis.call('HGET', KEYS[i], ARGV[at]) ~= expected then return 0 end
  at = at + 3
end
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  if ARGV[at + 1] == 'FORGET' then
    local index, hash, before, most = unpack(ARGV, at + 2, last)
    for _, name in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', '(' .. before, 'LIMIT', 0, most)) do
      redis.call('ZREM', index, name)
      redis.call('HDEL', hash, name)
    end
  else
    redis.call(unpack(ARGV, at + 1, last))
  end
  at = last + 1
end
redis.set_repl(redis.REPL_NONE)
for i = 1, locks do redis.call('DEL', KEYS[i]) end
return 1
"""

RELEASE = """
-- KEYS: the locks.  ARGV: owner.
redis.set_repl(redis.REPL_NONE)
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
return 1
"""
