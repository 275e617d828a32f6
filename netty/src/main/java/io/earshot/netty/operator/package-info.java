/** What operators read besides the admin API: metrics, and live traces. */
@NullMarked
package io.earshot.netty.operator;

import org.jspecify.annotations.NullMarked;
