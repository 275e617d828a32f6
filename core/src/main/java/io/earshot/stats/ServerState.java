package io.earshot.stats;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The state of a server at one moment, besides what {@link ServerStats} has.
 *
 * <p>Immutable.
 *
 * @param refused the refusals since the start, by kind
 * @param lostClients the clients that were lost and may still resume, or be back soon
 * @param runningActions the actions that run
 * @param waitingPolls the HTTP requests that wait for a message
 * @param isHistoryStored whether the history of all rooms is written to files; null if no setting
 *     asks for files
 * @param cluster the state of the cluster; null if this server is in none
 * @param feed the events that wait for consumers
 */
public record ServerState(
    Map<String, Long> refused,
    int lostClients,
    int runningActions,
    int waitingPolls,
    @Nullable Boolean isHistoryStored,
    @Nullable ClusterState cluster,
    FeedState feed) {
  /** Copies the map. */
  public ServerState {
    refused = Map.copyOf(refused);
  }

  /**
   * The state of a cluster, as one of its servers sees it.
   *
   * @param isConnected whether the broker can be reached
   * @param servers the servers that were alive a short while ago, including this one
   * @param clockSkew how far this server's clock is ahead of the broker's, in milliseconds
   * @param leaseLeft how long this server's lease lasts if it is not renewed, in milliseconds; less
   *     than 0 if it is over, 0 before the first
   */
  public record ClusterState(boolean isConnected, int servers, long clockSkew, long leaseLeft) {}

  /**
   * The events that wait for consumers.
   *
   * @param consumers the consumers that code of this server has added
   * @param dropped how many events were dropped on this server since its start, since too many
   *     waited
   * @param unsent how many events wait on this server for the store of a cluster, as while Redis is
   *     away
   */
  public record FeedState(List<ConsumerState> consumers, long dropped, long unsent) {
    /** Copies the list. */
    public FeedState {
      consumers = List.copyOf(consumers);
    }
  }

  /**
   * A consumer of the feed.
   *
   * @param name its name
   * @param waiting how many events it has not dealt with; those that it does not want may count,
   *     too. In a cluster, those of the parts that this server serves
   * @param delay how long ago the oldest event happened that it is dealing with, in milliseconds; 0
   *     if there is none
   */
  public record ConsumerState(String name, long waiting, long delay) {}
}
