namespace MeteringGateway.Cluster;

/// <summary>
/// What Redis runs as one step each. Every script begins with <c>#!lua</c>: Redis (7.0 or newer) then refuses one that
/// writes before its first line when the server is a replica, is out of memory or cannot write its log. Without it a
/// script would run to its first write, and a fence that reads a replica's old head would answer for a master that it
/// has never asked. The keys are described in <c>docs/journal.md</c>.
/// </summary>
internal static partial class Scripts
{
    private const string Writes = "#!lua\n";
    public const string ReadsOnly = "#!lua flags=no-writes\n";

    /// <summary>
    /// The batches of several tenants, each under its fence. KEYS: the head of each, first. ARGV: the prefix, then the
    /// batches one after the other, as <see cref="RedisStore"/> writes them, each after how many arguments it takes.
    /// Answers for each batch: 1 it is written, 0 it lost the fence, less than that: it did because so many entries are
    /// gone that had been acknowledged; a text: the error.
    /// </summary>
    public const string Append = Writes + Seals + Documents + """
        local prefix = ARGV[1] .. ':'
        local tenants, due = prefix .. 'tenants', prefix .. 'due'

        -- Exactly this block is there: the hash after it covers its entries and all that came before them.
        local function written(journal, id, entries, hash, last)
          if entries == '' or #redis.call('XRANGE', journal, id, id) == 0 then return false end
          local following = redis.call('XRANGE', journal, '(' .. id, '+', 'COUNT', 1)[1]
          return (following and following[2][2] or last) == hash
        end

        -- The fence; and of a head that is behind what was there when the batch was made, by how many entries.
        local function lost(now, before) return math.min(0, tonumber(now) - tonumber(before)) end

        local function set(head, tenant, severity)
          local before = redis.call('HGET', head, 'v')
          if severity == before then return end
          if before then redis.call('ZREM', prefix .. 'severity:' .. before, tenant) end
          if severity ~= '0' then redis.call('ZADD', prefix .. 'severity:' .. severity, 0, tenant) end
          redis.call('HSET', head, 'v', severity)
        end

        -- Six runs of rows, each after their count: details, archived outcomes, idempotency rows, alerts, documents,
        -- and sequences of details that go.
        local function beside(tenant, at)
          for i = at + 1, at + 2 * ARGV[at], 2 do redis.call('HSET', prefix .. 'd:' .. tenant, ARGV[i], ARGV[i + 1]) end
          at = at + 1 + 2 * ARGV[at]
          for i = at + 1, at + 4 * ARGV[at], 4 do
            redis.call('HSET', prefix .. 'a:' .. tenant, ARGV[i], ARGV[i + 3])
            redis.call('ZADD', prefix .. 'af:' .. tenant, ARGV[i + 1], ARGV[i])
            redis.call('ZADD', prefix .. 'as:' .. tenant, ARGV[i + 2], ARGV[i])
          end
          at = at + 1 + 4 * ARGV[at]
          for i = at + 1, at + 3 * ARGV[at], 3 do
            redis.call('SET', prefix .. 'i:' .. ARGV[i], ARGV[i + 2])
            redis.call('ZADD', prefix .. 'expires', ARGV[i + 1], ARGV[i])
          end
          at = at + 1 + 3 * ARGV[at]
          for i = at + 1, at + 5 * ARGV[at], 5 do
            local position = string.format('%.0f-0', redis.call('INCR', prefix .. 'position'))
            redis.call('XADD', prefix .. 'outbox', position,
              't', tenant, 's', ARGV[i], 'y', ARGV[i + 1], 'a', ARGV[i + 2], 'h', ARGV[i + 3], 'e', ARGV[i + 4],
              'd', seal(position, tenant, unpack(ARGV, i, i + 4)))
          end
          at = at + 1 + 5 * ARGV[at]
          local documents, versions = prefix .. 'documents', prefix .. 'versions'
          for i = at + 1, at + 2 * ARGV[at], 2 do
            if redis.call('HEXISTS', versions, ARGV[i]) == 0 then write(documents, versions, ARGV[i], ARGV[i + 1]) end
          end
          at = at + 1 + 2 * ARGV[at]
          for i = at + 1, at + ARGV[at] do redis.call('HDEL', prefix .. 'd:' .. tenant, ARGV[i]) end
        end

        local function append(head, at)
          local tenant, new, before, previous, id, entries, last, hash, when, severity = unpack(ARGV, at, at + 9)
          local journal, now = prefix .. 'j:' .. tenant, redis.call('HMGET', head, 's', 'h')
          if now[1] and (now[1] ~= before or now[2] ~= previous) then
            return written(journal, id, entries, hash, now[2]) and 1 or lost(now[1], before)
          end
          if not now[1] and new ~= '1' then return lost('0', before) end

          if entries ~= '' then redis.call('XADD', journal, id, 'p', previous, 'e', entries) end
          redis.call('HSET', head, 's', last, 'h', hash)
          if before == '0' then redis.call('ZADD', tenants, 0, tenant) end
          if when == '' then redis.call('ZREM', due, tenant) else redis.call('ZADD', due, when, tenant) end
          if severity ~= '' then set(head, tenant, severity) end
          redis.call('HSET', head, 'q', keep(head, seal(when, redis.call('HGET', head, 'v')), last))
          beside(tenant, at + 10)
          return 1
        end

        local answers, at = {}, 2
        while at <= #ARGV do
          local i = #answers + 1
          -- What is wrong with one tenant's keys is no other's affair.
          local ok, answer = pcall(append, KEYS[i], at + 1)
          if not ok then answer = type(answer) == 'table' and answer.err or tostring(answer) end
          answers[i] = answer
          at = at + ARGV[at]
        end
        return answers
        """;

    /// <summary>
    /// Puts a snapshot in force, if it is newer than what is, and of entries that are there; what is not in force is
    /// deleted. KEYS: head, parts. ARGV: what keys of parts begin with, sequence, hash, name of the parts, how many,
    /// and the key of a snapshot that an older version wrote. Answers 0 if parts are missing.
    /// </summary>
    public const string PutSnapshot = Writes + Seals + """
        local now = redis.call('HMGET', KEYS[1], 's', 'ps', 'pk', 'ph')
        local sequence, head, there = tonumber(ARGV[2]), tonumber(now[1] or '0'), tonumber(now[2] or '0')
        if now[3] == ARGV[4] then return 1 end
        local same = sequence == there and now[4] ~= ARGV[3]
        if sequence > head or (sequence <= there and there <= head and not same) then
          redis.call('UNLINK', KEYS[2])
          return 1
        end
        if redis.call('HLEN', KEYS[2]) ~= tonumber(ARGV[5]) then return 0 end
        redis.call('PERSIST', KEYS[2])
        redis.call('HSET', KEYS[1], 'ps', ARGV[2], 'ph', ARGV[3], 'pk', ARGV[4], 'pn', ARGV[5],
          'pq', keep(KEYS[1], seal(ARGV[2], ARGV[3], ARGV[5]), ARGV[4]))
        if now[3] then redis.call('UNLINK', ARGV[1] .. now[3]) end
        redis.call('UNLINK', ARGV[6])
        return 1
        """;

    /// <summary>
    /// The head, and blocks from the one that holds the entry after ARGV[1] on. KEYS: head, journal. ARGV: after, how
    /// many blocks at most, bytes from which no more are added. Answers nothing, or: sequence, hash, and of each block
    /// its id, previous hash and entries.
    /// </summary>
    public const string Blocks = ReadsOnly + """
        local head = redis.call('HMGET', KEYS[1], 's', 'h')
        if not head[1] then return {} end
        local answer, next, most, room = {head[1], head[2]}, ARGV[1] + 1, tonumber(ARGV[2]), tonumber(ARGV[3])

        local from = '-'
        local before = redis.call('XREVRANGE', KEYS[2], string.format('%.0f', next), '-', 'COUNT', 1)[1]
        if before then
          local first, count = string.match(before[1], '(%d+)-(%d+)')
          from = (first + count > next and '' or '(') .. before[1]
        end

        while most > 0 and room > 0 do
          -- Few at a time: how large they are is known only when they are here.
          local few = math.min(most, 16)
          local page = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', few)
          for _, block in ipairs(page) do
            local previous, entries = block[2][2], block[2][4]
            if block[2][1] ~= 'p' or block[2][3] ~= 'e' then
              return redis.error_reply('DAMAGED block ' .. block[1] .. ' is not what was written')
            end
            answer[#answer + 1] = block[1]
            answer[#answer + 1] = previous
            answer[#answer + 1] = entries
            room = room - #entries
          end
          if #page < few then break end
          from = '(' .. page[#page][1]
          most = most - few
        end
        return answer
        """;

    /// <summary>
    /// Removes details and some of the oldest blocks, if the journal has a block that begins where and as it must.
    /// KEYS: journal, details. ARGV: the first sequence that stays, the hash before it, how many blocks to remove at
    /// most, and sequences of details. Answers -1 if there is no such block, or how many blocks it removed.
    /// </summary>
    public const string Trim = Writes + """
        local stays = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1], 'COUNT', 1)[1]
        if not stays or stays[2][2] ~= ARGV[2] then return -1 end
        if #ARGV > 3 then redis.call('HDEL', KEYS[2], unpack(ARGV, 4)) end
        if ARGV[3] == '0' then return 0 end
        local blocks, ids = redis.call('XRANGE', KEYS[1], '-', '(' .. ARGV[1] .. '-0', 'COUNT', ARGV[3]), {}
        for i, block in ipairs(blocks) do ids[i] = block[1] end
        if #ids > 0 then redis.call('XDEL', KEYS[1], unpack(ids)) end
        return #ids
        """;

    /// <summary>
    /// Removes archived outcomes that have not changed since. KEYS: rows, index by first sequence, index by sequence.
    /// ARGV: of each its id and sequence. Answers how many it removed.
    /// </summary>
    public const string RemoveArchived = Writes + """
        local gone = 0
        for i = 1, #ARGV, 2 do
          if tonumber(redis.call('ZSCORE', KEYS[3], ARGV[i]) or '-1') == tonumber(ARGV[i + 1]) then
            redis.call('HDEL', KEYS[1], ARGV[i])
            redis.call('ZREM', KEYS[2], ARGV[i])
            redis.call('ZREM', KEYS[3], ARGV[i])
            gone = gone + 1
          end
        end
        return gone
        """;
}
