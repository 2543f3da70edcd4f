namespace MeteringGateway.Cluster;

internal static partial class Scripts
{
    /// <summary>
    /// Archived outcomes that pass a filter, of so many that are looked at. KEYS: rows, index. ARGV: '1' for lowest
    /// first or '0' for highest first, the score to begin beyond, how many to look at, period, status, reason, type,
    /// session, the score to end at; an empty text filters nothing, a type or session has a '=' before it. Answers the
    /// score of the last
    /// one looked at ('' when that was all), then the rows that pass.
    /// </summary>
    public const string Archived = ReadsOnly + """
        local up, beyond, most = ARGV[1] == '1', '(' .. ARGV[2], tonumber(ARGV[3])
        local found
        if up then found = redis.call('ZRANGEBYSCORE', KEYS[2], beyond, ARGV[9], 'WITHSCORES', 'LIMIT', 0, most)
        else found = redis.call('ZREVRANGEBYSCORE', KEYS[2], beyond, ARGV[9], 'WITHSCORES', 'LIMIT', 0, most) end

        local ids, last = {}, ''
        local whole = #found == 2 * most
        if whole then last = found[#found] end
        for i = 1, #found, 2 do
          if found[i + 1] ~= last then ids[#ids + 1] = found[i] end
        end
        -- Those that share the last score are taken together: the next call begins beyond it.
        if whole then
          for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], last, last)) do ids[#ids + 1] = id end
        end

        local function passes(row)
          local period, status, reason, type, session, at = struct.unpack('<i4BBHH', row)
          local function text(length, from) return '=' .. string.sub(row, from, from + length - 1) end
          return (ARGV[4] == '' or tonumber(ARGV[4]) == period) and (ARGV[5] == '' or tonumber(ARGV[5]) == status)
            and (ARGV[6] == '' or tonumber(ARGV[6]) == reason) and (ARGV[7] == '' or ARGV[7] == text(type, at))
            and (ARGV[8] == '' or session ~= 65535 and ARGV[8] == text(session, at + type))
        end

        local answer = {last}
        for _, id in ipairs(ids) do
          local row = redis.call('HGET', KEYS[1], id)
          if row and passes(row) then answer[#answer + 1] = row end
        end
        return answer
        """;

    /// <summary>
    /// Those in need, the most severe first, then by id. KEYS: the index of each severity, from the most severe on.
    /// ARGV: how many at most, the id to begin after in the first index. Answers the severity's place among the keys
    /// and the id of each.
    /// </summary>
    public const string Attention = ReadsOnly + """
        local answer, left, from = {}, tonumber(ARGV[1]), ARGV[2] == '' and '-' or '(' .. ARGV[2]
        for place, index in ipairs(KEYS) do
          if left <= 0 then break end
          for _, id in ipairs(redis.call('ZRANGEBYLEX', index, from, '+', 'LIMIT', 0, left)) do
            answer[#answer + 1] = place
            answer[#answer + 1] = id
            left = left - 1
          end
          from = '-'
        end
        return answer
        """;

    /// <summary>
    /// Says that a cluster is there. KEYS: the clusters. ARGV: its id, after how many milliseconds of silence another
    /// is gone, 1 if it only begins where there is no other. Answers another's id, or nothing.
    /// </summary>
    public const string Cluster = "#!lua flags=allow-oom\n" + Seals + """
        local time = redis.call('TIME')
        local now, other = time[1] * 1000 + math.floor(time[2] / 1000), ''
        local all = redis.call('HGETALL', KEYS[1])
        for i = 1, #all, 2 do
          if all[i] ~= ARGV[1] then
            if now - all[i + 1] > tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], all[i]) else other = all[i] end
          end
        end
        if other == '' or ARGV[3] ~= '1' then redis.call('HSET', KEYS[1], ARGV[1], seen(ARGV[1], now)) end
        return other
        """;

    /// <summary>
    /// Keeps an idempotency row, unless its key is there. ARGV: prefix, key, when it expires, its bytes, whether it is
    /// sent again: then the same row is our own. Answers 1, or 0: it was there.
    /// </summary>
    public const string Once = Writes + """
        local key = ARGV[1] .. ':i:' .. ARGV[2]
        local known = redis.call('GET', key)
        if known then return ARGV[5] == '1' and known == ARGV[4] and 1 or 0 end
        redis.call('SET', key, ARGV[4])
        redis.call('ZADD', ARGV[1] .. ':expires', ARGV[3], ARGV[2])
        return 1
        """;

    /// <summary>Writes something and leaves nothing, so that there is something to wait for. KEYS: one.</summary>
    public const string Mark = Writes + """
        redis.call('SET', KEYS[1], '')
        redis.call('DEL', KEYS[1])
        return 1
        """;

    /// <summary>Deletes idempotency rows. ARGV: prefix, now, how many at most. Answers how many went.</summary>
    public const string Expire = Writes + """
        local index = ARGV[1] .. ':expires'
        local expired = redis.call('ZRANGEBYSCORE', index, '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
        for _, key in ipairs(expired) do
          redis.call('DEL', ARGV[1] .. ':i:' .. key)
          redis.call('ZREM', index, key)
        end
        return #expired
        """;

    /// <summary>
    /// Versions of documents in the order in which they were written. KEYS: the documents. ARGV: the stamp to begin
    /// after, how many at most. Answers the newest stamp, then the stamp and the bytes of each. A newest stamp below
    /// the one asked about says that Redis has lost some: then it begins with the first of all.
    /// </summary>
    public const string DocumentsAfter = ReadsOnly + """
        local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
        if not last then return {'0-0'} end
        local answer, after = {last[1]}, ARGV[1]
        if tonumber(string.match(last[1], '%d+')) < tonumber(after) then after = '0' end
        for _, one in ipairs(redis.call('XRANGE', KEYS[1], '(' .. after .. '-0', '+', 'COUNT', ARGV[2])) do
          answer[#answer + 1] = one[1]
          answer[#answer + 1] = one[2][1] == 'd' and one[2][2] or ''
        end
        return answer
        """;

    /// <summary>
    /// Adds a version of a document, unless it is there. ARGV: prefix, the version's name, its bytes, whether it is
    /// sent again. Then the same version is no other's but our own, and 1 is answered as it would have been.
    /// </summary>
    public const string Put = Writes + Documents + Version + "return add(true) and 1 or 0";

    /// <summary>Lua: <c>add</c> adds a version; true if it is there because of this command.</summary>
    private const string Version = """
        local function add(ours)
          local documents, versions = ARGV[1] .. ':documents', ARGV[1] .. ':versions'
          local known = redis.call('HGET', versions, ARGV[2])
          if known then
            return ARGV[4] == '1' and ours and redis.call('XRANGE', documents, known, known)[1][2][2] == ARGV[3]
          end
          write(documents, versions, ARGV[2], ARGV[3])
          return true
        end

        """;

    /// <summary>Lua: <c>write</c> writes a version that is not there.</summary>
    private const string Documents = """
        local function write(documents, versions, name, bytes)
          local last = redis.call('XREVRANGE', documents, '+', '-', 'COUNT', 1)[1]
          local stamp = string.format('%.0f-0', (last and string.match(last[1], '%d+') or 0) + 1)
          redis.call('XADD', documents, stamp, 'd', bytes)
          redis.call('HSET', versions, name, stamp)
        end

        """;

    /// <summary>
    /// Of tenants in order of their ids, those whose last entry is not published. ARGV: the prefix, from where, how
    /// many are looked at. Answers what the next page comes after, or nothing, then of each: id, published, sequence.
    /// </summary>
    public const string Unpublished = ReadsOnly + """
        local prefix = ARGV[1] .. ':'
        local page = redis.call('ZRANGEBYLEX', prefix .. 'tenants', ARGV[2], '+', 'LIMIT', 0, ARGV[3])
        local answer = {#page < tonumber(ARGV[3]) and '' or page[#page]}
        for _, tenant in ipairs(page) do
          local last = redis.call('HGET', prefix .. 't:' .. tenant, 's') or '0'
          local published = redis.call('HGET', prefix .. 'published', tenant) or '0'
          if tonumber(last) > tonumber(published) then
            answer[#answer + 1] = tenant
            answer[#answer + 1] = published
            answer[#answer + 1] = last
          end
        end
        return answer
        """;

    /// <summary>KEYS: what is published, and seals. ARGV: tenants, each with the entry up to which it is.</summary>
    public const string Published = Writes + Seals + """
        for i = 1, #ARGV, 2 do
          local before = redis.call('HGET', KEYS[1], ARGV[i]) or '0'
          if tonumber(ARGV[i + 1]) > tonumber(before) then
            local to, which = padded(ARGV[i + 1]), 'published:' .. ARGV[i]
            redis.call('HSET', KEYS[1], ARGV[i], to)
            redis.call('HSET', KEYS[2], which, keep(which, seal(to), to))
          end
        end
        return 1
        """;
}
