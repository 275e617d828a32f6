/** Commands that ask a running server over its admin API. */
@NullMarked
package io.earshot.server.remote;

import org.jspecify.annotations.NullMarked;
