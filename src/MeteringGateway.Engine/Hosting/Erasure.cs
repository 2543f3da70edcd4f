using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// Erases an end customer's detail (D2), a part at a time: what goes, and the entry that says how much (D4), are one
/// write.
/// </summary>
public static class Erasure
{
    private const int AtOnce = 1_000;

    public static async ValueTask<Erased> Run(ITenants tenants, IStore store, string tenant, string endCustomer,
        Actor actor, CancellationToken cancellation)
    {
        for (long events = 0; ;)
        {
            var found = await store.DetailsOf(tenant, endCustomer, cancellation);
            if (found.Count == 0)
            {
                // What a process that died had erased may still lie where the store keeps what was there before.
                await store.Erase(tenant, [], cancellation);
                return new Erased(events, null);
            }
            foreach (var some in found.Chunk(AtOnce))
            {
                cancellation.ThrowIfCancellationRequested();
                var note = new Command.NoteErasure(some.Length) { Sequences = some, Actor = actor };
                if (await tenants.Execute(tenant, note, CancellationToken.None) is Answer.Refused refused)
                    return new Erased(events, refused);
                events += some.Length;
            }
            // Where nothing of it lies any more, also in a silo of before, which only notes it.
            await store.Erase(tenant, found, cancellation);
        }
    }
}

/// <param name="Events">Of how many events there was anything.</param>
/// <param name="Refused">Why it could not be noted, and was not erased; null: all is done.</param>
public sealed record Erased(long Events, Answer.Refused? Refused);
