namespace MeteringGateway.Cluster;

internal static partial class Scripts
{
    /// <summary>ARGV: cursor, pattern, how many about. Answers the next cursor, and keys.</summary>
    public const string Keys = ReadsOnly + "return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])";

    /// <summary>
    /// Looks at a part of what is under one key, and at its counterparts under others, all at one moment. ARGV: prefix,
    /// the key, a cursor ('0' to begin), how many elements about, how many were looked at before. Answers the next
    /// cursor ('0': that was all), how many have been looked at, a list of findings, and a list of rows that are for
    /// the caller to look at: of idempotency rows key, value and place in the index; of archived outcomes id, value, and
    /// both places.
    /// </summary>
    public const string Check = ReadsOnly + Indexes + WholeWebhook + Looking + OfTenants + OfStreams + OfDeliveries
        + """
        local all = {t = head_of, p = parts, j = journal, d = details, a = archived, af = archive_index,
          as = archive_index, tenants = tenants, due = due, severity = severity, i = idempotency, expires = expires,
          clusters = clusters, outbox = outbox, position = position, documents = documents, versions = versions,
          published = published, seals = seals, webhooks = webhooks, delivery = delivery, number = number, ids = ids,
          deliveries = by_status, waiting = by_tenant, head = first, heads = firsts, delivered = by_time,
          failed = by_time, pending = by_time, ended = by_time}
        local kind, id = string.match(name, '^([^:]+):(.*)$')
        local look = all[kind or name]
        if not look then bad('is no key of a store')
        else
          local ok, failure = pcall(look, id or '', kind or name)
          if not ok then bad(type(failure) == 'table' and failure.err or tostring(failure)) end
        end
        return {following, string.format('%.0f', counted), findings, rows}
        """;

    private const string Looking = """
        local key, cursor, most, counted = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
        local name, following, findings, rows = string.sub(key, #prefix + 1), '0', {}, {}

        local function bad(what) findings[#findings + 1] = name .. ' ' .. what end

        local function bad_of(which) bad("'" .. which .. "' is not what was written") end

        local function page(command)
          local found = redis.call(command, key, cursor, 'COUNT', most)
          following = found[1]
          return found[2]
        end

        -- What each has under a key: its name, or its name and its value or place.
        local function each(command, look)
          local found = page(command)
          for i = 1, #found, 2 do if not look(found[i], found[i + 1]) then bad_of(found[i]) end end
        end

        local function has(index, member, place)
          local there = redis.call('ZSCORE', prefix .. index, member)
          if place == nil then return there == false end
          return there ~= false and tonumber(there) == tonumber(place)
        end

        local function field(kind, member) return redis.call('HGET', prefix .. kind, member) end

        """;

    private const string OfTenants = """
        local members_of_heads = {s = true, h = true, v = true, q = true, ps = true, ph = true, pk = true, pn = true,
          pq = true}

        local function snapshot_of(f, tenant)
          if not (f.ps or f.ph or f.pk or f.pn or f.pq) then return true end
          if not (f.ps and f.ph and f.pk and f.pn) then return false end
          local parts = prefix .. 'p:' .. tenant .. ':' .. f.pk
          if redis.call('HLEN', parts) ~= tonumber(f.pn) or redis.call('TTL', parts) ~= -1 then return false end
          if not f.pq then return true end
          local digest, name = kept(key, f.pq)
          return digest ~= nil and (name ~= f.pk or digest == seal(f.ps, f.ph, f.pn))
        end

        -- When it is due and how severe it is, as of its last entry; of a program of before, nobody can say.
        local function state_of(f, tenant)
          if not f.q then return true end
          local digest, sequence = kept(key, f.q)
          local when = redis.call('ZSCORE', prefix .. 'due', tenant)
          return digest ~= nil and (sequence ~= f.s
            or digest == seal(when and string.format('%.0f', tonumber(when)) or '', f.v or false))
        end

        local function head_of(tenant)
          local all, f = redis.call('HGETALL', key), {}
          for i = 1, #all, 2 do
            f[all[i]] = all[i + 1]
            if not members_of_heads[all[i]] then bad_of(all[i]) end
          end
          if not (f.s and f.h) then bad('has no end of a journal') end
          if not has('tenants', tenant, 0) then bad('is not among the tenants') end
          for which = 1, 3 do
            local place = f.v == tostring(which) and 0 or nil
            if not has('severity:' .. which, tenant, place) then bad('is listed with another severity') end
          end
          if f.v and not string.match(f.v, '^[0-3]$') then bad_of('v') end
          if not snapshot_of(f, tenant) then bad('has no such snapshot') end
          if not state_of(f, tenant) then bad('is due at another time, or of another severity, than was written') end
        end

        local function is_tenant(id) return redis.call('EXISTS', prefix .. 't:' .. id) == 1 end

        -- Those of a snapshot that was never put in force expire.
        local function parts(id)
          if redis.call('TTL', key) >= 0 then return end
          local tenant, which = string.match(id, '^(.*):(%d+:%x+)$')
          if not tenant or field('t:' .. tenant, 'pk') ~= which then return bad('is of no snapshot') end
          local count = redis.call('HLEN', key)
          for _, number in ipairs(redis.call('HKEYS', key)) do
            if not tonumber(number) or tonumber(number) >= count then bad_of(number) end
          end
        end

        local function details(tenant)
          local last = tonumber(field('t:' .. tenant, 's') or 0)
          each('HSCAN', function(sequence)
            return string.match(sequence, '^[1-9]%d*$') and tonumber(sequence) <= last
          end)
        end

        local function archived(tenant)
          if not is_tenant(tenant) then bad('is of no tenant') end
          each('HSCAN', function(id, row)
            for _, one in ipairs({id, row, redis.call('ZSCORE', prefix .. 'af:' .. tenant, id) or '',
              redis.call('ZSCORE', prefix .. 'as:' .. tenant, id) or ''}) do rows[#rows + 1] = one end
            return true
          end)
        end

        local function archive_index(tenant)
          each('ZSCAN', function(id) return redis.call('HEXISTS', prefix .. 'a:' .. tenant, id) == 1 end)
        end

        local function tenants()
          each('ZSCAN', function(id, place) return is_tenant(id) and tonumber(place) == 0 end)
        end

        local function due() each('ZSCAN', is_tenant) end

        local function severity(which)
          each('ZSCAN', function(id, place) return tonumber(place) == 0 and field('t:' .. id, 'v') == which end)
        end

        local function idempotency(id)
          rows = {id, redis.call('GET', key), redis.call('ZSCORE', prefix .. 'expires', id) or ''}
        end

        local function expires()
          each('ZSCAN', function(id) return redis.call('EXISTS', prefix .. 'i:' .. id) == 1 end)
        end

        local function clusters()
          each('HSCAN', function(id, at)
            local time, fraction = string.match(at, '^(%d+)(%.?%d*)$')
            return time and (fraction == '' or at == seen(id, tonumber(time)))
          end)
        end

        local function published()
          each('HSCAN', function(tenant, to)
            if not string.match(to, '^%d+$') or tonumber(to) > tonumber(field('t:' .. tenant, 's') or 0) then return end
            if #to < 19 then return true end
            local which = 'published:' .. tenant
            local digest, state = kept(which, field('seals', which) or '')
            return state == to and digest == seal(to)
          end)
        end

        """;

    private const string OfStreams = """
        -- Of one from which rows go, at one moment; so many that nobody waits for long.
        local function count_now()
          local from, some = '-', {}
          local count = 0
          if redis.call('XLEN', key) > 100000 then return end
          repeat
            some = redis.call('XRANGE', key, from, '+', 'COUNT', 500)
            count = count + #some
            if #some > 0 then from = '(' .. some[#some][1] end
          until #some < 500 or count > 100000
          return count
        end

        local function stream(stays, members, look)
          local found = redis.call('XRANGE', key, cursor == '0' and '-' or '(' .. cursor, '+', 'COUNT', most)
          local last = cursor == '0' and '0-0' or cursor
          for _, one in ipairs(found) do
            local names, values = {}, {}
            for i = 1, #one[2], 2 do names[#names + 1], values[#values + 1] = one[2][i], one[2][i + 1] end
            if not string.match(table.concat(names), members) or look and not look(one[1], values) then
              bad_of(one[1])
            end
            last = one[1]
          end
          counted = counted + #found
          if stays and counted > redis.call('XLEN', key) then return bad('has rows that are not in order') end
          if #found == tonumber(most) then following = last; return end
          local info, of = redis.call('XINFO', 'STREAM', key), {}
          for i = 1, #info, 2 do of[info[i]] = info[i + 1] end
          local count = counted
          if not stays then count = count_now() end
          if count and of['length'] ~= count then bad('is said to have ' .. of['length'] .. ' rows') end
          if stays and of['last-generated-id'] ~= last then bad('is said to end otherwise') end
          return of['last-generated-id']
        end

        local function journal(tenant)
          if not is_tenant(tenant) then bad('is of no tenant') end
          stream(true, '^pe$')
        end

        local function documents() stream(true, '^d$') end

        local function versions()
          if redis.call('EXISTS', prefix .. 'documents') == 0 then bad('are of no documents') end
        end

        local function outbox()
          local last = stream(false, '^tsyahed?$', function(id, row)
            return is_tenant(row[1]) and (#row == 6 or row[7] == seal(id, unpack(row, 1, 6)))
          end)
          if last and last ~= (redis.call('GET', prefix .. 'position') or '') .. '-0' then
            bad('ends with another position than was given last')
          end
        end

        local function position() if redis.call('EXISTS', prefix .. 'outbox') == 0 then bad('is of no outbox') end end

        local function webhooks()
          each('HSCAN', function(id, content) return is_whole_webhook(id, content) end)
        end

        local function number()
          local last = redis.call('GET', key)
          local digest, state = kept('number', field('seals', 'number') or '')
          -- A program of before gave out more.
          local more = string.match(last, '^%d+$') and redis.call('HEXISTS', row(last), 'webhook') == 1
            and redis.call('HEXISTS', row(last), 'seal') == 0
          if not (state == last and digest == seal(last)) and not more then bad('is not what was written') end
        end

        local function seals()
          each('HSCAN', function(which, value)
            local digest, state = kept(which, value)
            local kind, id = string.match(which, '^(%l+):?(.*)$')
            if not digest then return false end
            if kind == 'webhook' then return is_whole_webhook(id, redis.call('HGET', prefix .. 'webhooks', id)) end
            if kind == 'published' then return field('published', id) ~= false end
            return redis.call('EXISTS', prefix .. 'number') == 1
          end)
        end

        """;

    private const string OfDeliveries = """
        local function known(number)
          local one = read(number)
          if one and one.id and one.tenant and one.status and one.created and one.ended then return one end
        end

        local function delivery(id)
          local one = known(id)
          if not one then return bad('is not what was written') end
          local pending, failed = one.status == '0', one.status == '2'
          local ended = one.ended ~= '' and one.ended or nil
          if not is_whole(id) or field('ids:' .. one.webhook, one.id) ~= id
            or not has('ended', id, ended)
            or not has('pending', id, pending and one.created or nil)
            or not has('delivered:' .. one.webhook, id, one.status == '1' and ended or nil)
            or not has('failed:' .. one.webhook, id, failed and one.created or nil)
            or redis.call('ZSCORE', waiting(one), id) ~= (pending and id) then
            bad('is not what was written')
          end
          if pending then
            local ahead = redis.call('ZRANGE', waiting(one), 0, 0)[1]
            if not ahead or field('head:' .. one.webhook, one.tenant) ~= ahead then bad('waits for nobody') end
          end
        end

        local function is(number, look)
          local one = known(number)
          return one ~= nil and look(one)
        end

        local function ids(webhook)
          each('HSCAN', function(id, number)
            return is(number, function(one) return one.webhook == webhook and one.id == id end)
          end)
        end

        local function by_status(id)
          local status, webhook = string.match(id, '^([0-2]):(.*)$')
          each('ZSCAN', function(number)
            return is(number, function(one) return one.webhook == webhook and one.status == status end)
          end)
        end

        local function by_tenant()
          each('ZSCAN', function(number, place)
            return place == number and is(number, function(one) return waiting(one) == key and one.status == '0' end)
          end)
        end

        local function by_time(webhook, kind)
          each('ZSCAN', function(number)
            return is(number, function(one)
              return (webhook == '' or webhook == one.webhook) and (kind == 'ended' and one.ended ~= ''
                or one.status == ({pending = '0', delivered = '1', failed = '2'})[kind])
            end)
          end)
        end

        -- The first of a tenant that is pending, and when it is due.
        local function first(webhook)
          each('HSCAN', function(tenant, number)
            return is(number, function(one)
              return one.webhook == webhook and one.tenant == tenant and one.status == '0'
                and redis.call('ZRANGE', waiting(one), 0, 0)[1] == number
                and has('heads:' .. webhook, head(number), field('delivery:' .. number, 'due'))
            end)
          end)
        end

        local function firsts(webhook)
          each('ZSCAN', function(padded)
            local number = tonumber(padded) and string.format('%.0f', tonumber(padded)) or ''
            return padded == head(number ~= '' and number or '0')
              and is(number, function(one) return field('head:' .. webhook, one.tenant) == number end)
          end)
        end

        """;
}
