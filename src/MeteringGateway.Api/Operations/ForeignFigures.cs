using System.Diagnostics.Metrics;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// What is shown of other people's meters: what an operator asks after, under names that Prometheus has nothing to say
/// against, explained. What is measured of every single request is left alone, as it would cost each check: that is
/// <see cref="HttpTimes"/>.
/// </summary>
internal static class ForeignFigures
{
    private static readonly Dictionary<string, Figure> Runtime = new(StringComparer.Ordinal)
    {
        ["dotnet.gc.collections"] = new("dotnet_gc_collections_total",
            "Garbage collections, by the oldest generation that was collected."),
        ["dotnet.gc.heap.total_allocated"] = new("dotnet_gc_heap_total_allocated_bytes_total",
            "Bytes that were allocated on the managed heap."),
        ["dotnet.gc.last_collection.heap.size"] = new("dotnet_gc_last_collection_heap_size_bytes",
            "Size of the managed heap after the last collection, by generation."),
        ["dotnet.gc.last_collection.heap.fragmentation.size"] =
            new("dotnet_gc_last_collection_heap_fragmentation_size_bytes",
                "Bytes of the managed heap that lay between objects after the last collection, by generation."),
        ["dotnet.gc.last_collection.memory.committed_size"] =
            new("dotnet_gc_last_collection_memory_committed_size_bytes",
                "Memory that the garbage collector had from the system after the last collection."),
        ["dotnet.gc.pause.time"] = new("dotnet_gc_pause_time_seconds_total",
            "Time for which the garbage collector had stopped the process."),
        ["dotnet.jit.compiled_il.size"] = new("dotnet_jit_compiled_il_size_bytes_total",
            "Bytes of intermediate language that were compiled."),
        ["dotnet.jit.compiled_methods"] = new("dotnet_jit_compiled_methods_total",
            "Methods that were compiled, each time that they were."),
        ["dotnet.jit.compilation.time"] = new("dotnet_jit_compilation_time_seconds_total",
            "Time for which methods were compiled."),
        ["dotnet.monitor.lock_contentions"] = new("dotnet_monitor_lock_contentions_total",
            "Times that a thread found a lock taken."),
        ["dotnet.thread_pool.thread.count"] = new("dotnet_thread_pool_threads", "Threads in the pool."),
        ["dotnet.thread_pool.work_item.count"] = new("dotnet_thread_pool_work_items_total",
            "Pieces of work that the pool's threads have done."),
        ["dotnet.thread_pool.queue.length"] = new("dotnet_thread_pool_queue_length",
            "Pieces of work that wait for a thread of the pool."),
        ["dotnet.timer.count"] = new("dotnet_timers", "Timers that will fire."),
        ["dotnet.assembly.count"] = new("dotnet_assemblies", "Assemblies that are loaded."),
        ["dotnet.exceptions"] = new("dotnet_exceptions_total", "Exceptions that were thrown, by type."),
        ["dotnet.process.cpu.count"] = new("dotnet_process_cpus", "Processors that the process may use."),
        ["dotnet.process.cpu.time"] = new("dotnet_process_cpu_time_seconds_total",
            "Processor time that the process has used, by mode."),
        ["dotnet.process.memory.working_set"] = new("dotnet_process_memory_working_set_bytes",
            "Physical memory that the process has."),
    };

    private static readonly Dictionary<string, Figure> Server = new(StringComparer.Ordinal)
    {
        ["kestrel.active_connections"] = new("kestrel_active_connections", "Connections to the server that are open."),
        ["kestrel.queued_connections"] = new("kestrel_queued_connections",
            "Connections to the server that wait to be served."),
        ["kestrel.rejected_connections"] = new("kestrel_rejected_connections_total",
            "Connections that were refused because there were too many (Metering:Limits:Connections)."),
    };

    private static readonly Dictionary<string, Figure> Orleans = new(StringComparer.Ordinal)
    {
        ["orleans-grains"] = new("orleans_grains", "Grains that live on this silo, by type; a tenant is one."),
        ["orleans-catalog-activation-created"] = new("orleans_catalog_activation_created_total",
            "Grains that came to live on this silo, by type."),
        ["orleans-consistent-ring-size"] = new("orleans_consistent_ring_size", "Silos that this one takes for alive."),
        ["orleans-messaging-sent-local"] = new("orleans_messaging_sent_local_total",
            "Messages to grains on this silo itself."),
        ["orleans-messaging-sent-failed"] = new("orleans_messaging_sent_failed_total",
            "Messages to other silos that could not be sent."),
        ["orleans-messaging-sent-dropped"] = new("orleans_messaging_sent_dropped_total",
            "Messages to other silos that were given up."),
        ["orleans-messaging-rejected"] = new("orleans_messaging_rejected_total",
            "Messages that this silo has refused, as the grain was not to be had."),
        ["orleans-messaging-expired"] = new("orleans_messaging_expired_total",
            "Messages that came too late for whoever had asked."),
        ["orleans-messaging-pings-reply-missed"] = new("orleans_messaging_pings_reply_missed_total",
            "Times that another silo, asked whether it lives, did not answer."),
        ["orleans-app-requests-timedout"] = new("orleans_app_requests_timedout_total",
            "Calls to grains that had no answer in time (Metering:Cluster:ResponseTimeout)."),
        ["orleans-networking-sockets-opened"] = new("orleans_networking_sockets_opened_total",
            "Connections with other silos that were opened."),
        ["orleans-networking-sockets-closed"] = new("orleans_networking_sockets_closed_total",
            "Connections with other silos that were closed."),
        ["orleans-reminders-active"] = new("orleans_reminders_active", "Reminders that this silo sees to, at most."),
        ["orleans-storage-read-errors"] = new("orleans_storage_read_errors_total",
            "Snapshots that could not be read; the tenants were folded from their entries."),
        ["orleans-storage-write-errors"] = new("orleans_storage_write_errors_total",
            "Snapshots that could not be written."),
    };

    public static Figure? Find(Instrument instrument) => (instrument.Meter.Name switch
    {
        "System.Runtime" => Runtime,
        "Microsoft.AspNetCore.Server.Kestrel" => Server,
        "Microsoft.Orleans" => Orleans,
        _ => null,
    })?.GetValueOrDefault(instrument.Name);
}
