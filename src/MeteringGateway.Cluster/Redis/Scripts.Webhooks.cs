namespace MeteringGateway.Cluster;

internal static partial class Scripts
{
    /// <summary>
    /// Lua: the indexes of deliveries. A delivery is a hash under its number. What it is listed in follows from its
    /// status, so a change is: <c>unlink</c>, write, <c>link</c>, and then <c>promote</c>, as the first that is pending
    /// of a tenant may now be another.
    /// </summary>
    private const string Indexes = Seals + """
        local prefix = ARGV[1] .. ':'

        local function row(number) return prefix .. 'delivery:' .. number end

        local function of(webhook, index) return prefix .. index .. ':' .. webhook end

        -- The length keeps apart what a colon in an id would mix up.
        local function waiting(one)
          return prefix .. 'waiting:' .. #one.webhook .. ':' .. one.webhook .. ':' .. one.tenant
        end

        local function read(number)
          local f = redis.call('HMGET', row(number), 'webhook', 'id', 'tenant', 'status', 'created', 'ended')
          if not f[1] then return nil end
          return {number = number, webhook = f[1], id = f[2], tenant = f[3], status = f[4], created = f[5],
            ended = f[6]}
        end

        local members = {'webhook', 'id', 'tenant', 'sequence', 'type', 'body', 'created', 'status', 'due', 'give_up',
          'tries', 'ended', 'attempts'}

        local function sealed(number)
          return seal(number, unpack(redis.call('HMGET', row(number), unpack(members))))
        end

        -- Of a row that has its place in its index from a program of before there were seals, nobody can say.
        local function is_whole(number)
          local mark, webhook, status = unpack(redis.call('HMGET', row(number), 'seal', 'webhook', 'status'))
          local place = redis.call('ZSCORE', of(webhook or '', 'deliveries:' .. (status or '')), number)
          if not place then return false end
          if tonumber(place) == number + 0.5 then
            return mark == sealed(number) and redis.call('HLEN', row(number)) == #members + 1
          end
          return tonumber(place) == tonumber(number) and mark ~= sealed(number)
        end

        local function link(one)
          redis.call('HSET', row(one.number), 'seal', sealed(one.number))
          redis.call('ZADD', of(one.webhook, 'deliveries:' .. one.status), one.number .. '.5', one.number)
          if one.ended ~= '' then redis.call('ZADD', prefix .. 'ended', one.ended, one.number) end
          if one.status == '0' then
            redis.call('ZADD', waiting(one), one.number, one.number)
            redis.call('ZADD', prefix .. 'pending', one.created, one.number)
          elseif one.status == '1' then
            if one.ended ~= '' then redis.call('ZADD', of(one.webhook, 'delivered'), one.ended, one.number) end
          else redis.call('ZADD', of(one.webhook, 'failed'), one.created, one.number) end
        end

        local function unlink(one)
          for _, index in ipairs({of(one.webhook, 'deliveries:' .. one.status), waiting(one), prefix .. 'pending',
            prefix .. 'ended',
              of(one.webhook, 'delivered'), of(one.webhook, 'failed')}) do
            redis.call('ZREM', index, one.number)
          end
        end

        -- Of the same time the lower number is first: members of the same score are in order of their texts.
        local function head(number) return string.format('%016.0f', tonumber(number)) end

        local function promote(one)
          local first = redis.call('ZRANGE', waiting(one), 0, 0)[1]
          local was = redis.call('HGET', of(one.webhook, 'head'), one.tenant)
          if was and was ~= first then redis.call('ZREM', of(one.webhook, 'heads'), head(was)) end
          if first then
            redis.call('ZADD', of(one.webhook, 'heads'), redis.call('HGET', row(first), 'due'), head(first))
            redis.call('HSET', of(one.webhook, 'head'), one.tenant, first)
          elseif was then redis.call('HDEL', of(one.webhook, 'head'), one.tenant) end
        end

        local function delete(number)
          local one = read(number)
          if not one then return end
          unlink(one)
          redis.call('HDEL', of(one.webhook, 'ids'), one.id)
          redis.call('DEL', row(number))
          promote(one)
        end

        -- The oldest deliveries to a webhook, at most so many; answers how many went.
        local function forget(webhook, most)
          local went = 0
          for status = 0, 2 do
            local numbers = redis.call('ZRANGE', of(webhook, 'deliveries:' .. status), 0, most - went - 1)
            for _, number in ipairs(numbers) do delete(number) end
            went = went + #numbers
            if went >= most then break end
          end
          return went
        end

        """;

    /// <summary>
    /// ARGV: prefix, how many positions, these, then of each delivery: webhook, id, tenant, sequence, type, body,
    /// created, give up, attempts. One whose webhook and id are there already is left as it is.
    /// </summary>
    public const string Dispatch = Writes + Indexes + """
        for i = 3 + ARGV[2], #ARGV, 9 do
          local one = {webhook = ARGV[i], id = ARGV[i + 1], tenant = ARGV[i + 2], created = ARGV[i + 6],
            status = '0', ended = ''}
          if redis.call('HEXISTS', of(one.webhook, 'ids'), one.id) == 0 then
            one.number = string.format('%.0f', redis.call('INCR', prefix .. 'number'))
            redis.call('HSET', prefix .. 'seals', 'number', keep('number', seal(one.number), one.number))
            redis.call('HSET', of(one.webhook, 'ids'), one.id, one.number)
            redis.call('HSET', row(one.number), 'webhook', one.webhook, 'id', one.id, 'tenant', one.tenant,
              'sequence', ARGV[i + 3],
              'type', ARGV[i + 4], 'body', ARGV[i + 5], 'created', one.created, 'status', one.status, 'due',
                one.created,
              'give_up', ARGV[i + 7], 'tries', 0, 'ended', one.ended, 'attempts', ARGV[i + 8])
            link(one)
            promote(one)
          end
        end
        for i = 3, 2 + ARGV[2] do redis.call('XDEL', prefix .. 'outbox', ARGV[i] .. '-0') end
        """;

    /// <summary>
    /// ARGV: prefix, then of each delivery: number, status, due or '' to leave it, give up, tries, ended or '',
    /// attempts.
    /// </summary>
    public const string Record = Writes + Indexes + """
        for i = 2, #ARGV, 7 do
          local one = read(ARGV[i])
          if one then
            unlink(one)
            one.status, one.ended = ARGV[i + 1], ARGV[i + 5]
            redis.call('HSET', row(one.number), 'status', one.status, 'give_up', ARGV[i + 3], 'tries', ARGV[i + 4],
              'ended', one.ended, 'attempts', ARGV[i + 6])
            if ARGV[i + 2] ~= '' then redis.call('HSET', row(one.number), 'due', ARGV[i + 2]) end
            link(one)
            promote(one)
          end
        end
        """;

    /// <summary>
    /// Fails the first pending deliveries. ARGV: prefix, webhook, now, how many at most. Answers how many it were.
    /// </summary>
    public const string GiveUp = Writes + Indexes + """
        local numbers = redis.call('ZRANGE', of(ARGV[2], 'deliveries:0'), 0, ARGV[4] - 1)
        for _, number in ipairs(numbers) do
          local one = read(number)
          unlink(one)
          one.status, one.ended = '2', ARGV[3]
          redis.call('HSET', row(number), 'status', one.status, 'ended', one.ended)
          link(one)
          promote(one)
        end
        return #numbers
        """;

    /// <summary>
    /// Deletes deliveries that ended before a time. ARGV: prefix, before, how many at most. Answers how many went.
    /// </summary>
    public const string ExpireDeliveries = Writes + Indexes + """
        local numbers = redis.call('ZRANGEBYSCORE', prefix .. 'ended', '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
        for _, number in ipairs(numbers) do delete(number) end
        return #numbers
        """;

    /// <summary>
    /// Deletes deliveries of a webhook that is to go, unless its version is there already. ARGV: as for
    /// <see cref="PutWebhook"/>, then how many at most. Answers how many went.
    /// </summary>
    public const string Forget = Writes + Indexes + """
        if redis.call('HEXISTS', prefix .. 'versions', ARGV[2]) == 1 then return 0 end
        return forget(ARGV[5], tonumber(ARGV[8]))
        """;

    /// <summary>ARGV: as for <see cref="Put"/>, then the webhook's id, whether it stays, and what it is now.</summary>
    public const string PutWebhook = Writes + Indexes + Documents + Version + """
        local id, stays, content = ARGV[5], ARGV[6] == '1', ARGV[7]
        local now = redis.call('HGET', prefix .. 'webhooks', id)
        if not add(now == (stays and content)) then return 0 end
        local which = 'webhook:' .. id
        if stays then
          redis.call('HSET', prefix .. 'webhooks', id, content)
          redis.call('HSET', prefix .. 'seals', which, keep(which, seal(content), ARGV[2]))
        else
          redis.call('HDEL', prefix .. 'webhooks', id)
          redis.call('HDEL', prefix .. 'seals', which)
          repeat local went = forget(id, 1000) until went == 0
        end
        return 1
        """;

    /// <summary>
    /// Lua: <c>show</c> adds a delivery to the answer: its number, whether it is its tenant's head, its members, and
    /// whether it is as it was written.
    /// </summary>
    private const string Shows = """
        local answer = {}
        local function show(number)
          local f = redis.call('HMGET', row(number), unpack(members))
          if not f[1] then return end
          local first = redis.call('HGET', of(f[1], 'head'), f[3]) == number
          f[#f + 1] = is_whole(number) and 1 or 0
          answer[#answer + 1] = {number, first and 1 or 0, unpack(f)}
        end

        """;

    /// <summary>ARGV: prefix, webhook, how many at most.</summary>
    public const string Heads = ReadsOnly + Indexes + Shows + """
        for _, padded in ipairs(redis.call('ZRANGE', of(ARGV[2], 'heads'), 0, ARGV[3] - 1)) do
          show(string.format('%.0f', tonumber(padded)))
        end
        return answer
        """;

    /// <summary>ARGV: prefix, webhook, id.</summary>
    public const string Delivery = ReadsOnly + Indexes + Shows + """
        local number = redis.call('HGET', of(ARGV[2], 'ids'), ARGV[3])
        if number then show(number) end
        return answer
        """;

    /// <summary>
    /// Newest first. ARGV: prefix, webhook, status or '' for all, the number to begin before, how many at most.
    /// </summary>
    public const string Deliveries = ReadsOnly + Indexes + Shows + """
        local numbers, most = {}, tonumber(ARGV[5])
        for status = 0, 2 do
          if ARGV[3] == '' or ARGV[3] == tostring(status) then
            local some = redis.call('ZREVRANGEBYSCORE', of(ARGV[2], 'deliveries:' .. status), '(' .. ARGV[4], '-inf',
              'LIMIT', 0, most)
            for _, number in ipairs(some) do numbers[#numbers + 1] = number end
          end
        end
        table.sort(numbers, function(a, b) return tonumber(a) > tonumber(b) end)
        for i = 1, math.min(#numbers, most) do show(numbers[i]) end
        return answer
        """;

    /// <summary>
    /// When the first was made that failed since the last success. KEYS: failed, delivered. ARGV: from. Answers nothing
    /// or a time.
    /// </summary>
    public const string FailingSince = ReadsOnly + """
        local from = tonumber(ARGV[1])
        local success = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
        if success then from = math.max(from, success + 1) end
        return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('%.0f', from), '+inf', 'WITHSCORES', 'LIMIT', 0,
          1)[2] or ''
        """;
}
