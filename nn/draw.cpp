#include "nn/draw.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace costate::nn {

namespace {

constexpr int row_height = 46, box_height = 32, box_left = 24, box_width = 320, lane_width = 12, top = 16;

/// Text for XML; control characters become blanks, long text is cut.
std::string escaped(std::string_view text, std::size_t longest = 44) {
    std::string out;
    const bool cut = text.size() > longest;
    if (cut) {
        text = text.substr(0, longest);
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.remove_suffix(1);
        if (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) text.remove_suffix(1);
    }
    for (const char c : text) {
        if (c == '<') out += "&lt;";
        else if (c == '>') out += "&gt;";
        else if (c == '&') out += "&amp;";
        else if (c == '"') out += "&quot;";
        else out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
    }
    return cut ? out + "…" : out;
}

std::string_view colour(const Layer* layer) {
    if (layer == nullptr) return "#fff4d6";
    if (!layer->tensor_shapes.empty()) return layer->op.ends_with("norm") ? "#e6f2e0" : "#dbe7f7";
    return layer->in.size() > 1 ? "#f3e3ee" : "#f4f4f2";
}

struct Box {
    std::string value, title, note;
    const Layer* layer = nullptr;
    std::vector<std::size_t> reads;  ///< boxes
};

std::string sizes(const std::vector<std::size_t>& shape) {
    std::string text;
    for (const std::size_t n : shape) text += (text.empty() ? "" : " × ") + std::to_string(n);
    return text.empty() ? "1" : text;
}

std::vector<Box> boxes(const NetworkDescription& description, std::size_t most) {
    std::vector<Box> list;
    std::map<std::string, std::size_t> place;
    for (const InputShape& input : description.inputs()) {
        const bool read = std::ranges::any_of(description.layers, [&](const Layer& l) { return std::ranges::find(l.in, input.name) != l.in.end(); });
        if (!read) continue;
        place[input.name] = list.size();
        list.push_back({input.name, input.name, sizes(input.shape), nullptr, {}});
    }
    for (const Layer& layer : description.layers) {
        if (list.size() > most) break;
        if (layer.op == "reshape" && place.contains(layer.in[0]) && &layer != &description.layers.back()) {
            place[layer.out] = place.at(layer.in[0]);
            continue;
        }
        std::size_t weights = 0;
        for (const auto& [role, shape] : layer.tensor_shapes) weights += values_of(shape);
        Box box{layer.out, layer.op, sizes(layer.out_shape) + (weights ? ", " + std::to_string(weights) + " weights" : ""), &layer, {}};
        for (const std::string& in : layer.in)
            if (place.contains(in)) box.reads.push_back(place.at(in));
        place[layer.out] = list.size();
        list.push_back(std::move(box));
    }
    return list;
}

/// A way beside the boxes from one to a later one; ways whose spans meet are in different lanes, short ones nearer.
struct Way {
    std::size_t from, to, lane = 0;
};

std::vector<Way> ways(const std::vector<Box>& list) {
    std::vector<Way> all;
    for (std::size_t i = 0; i < list.size(); ++i)
        for (const std::size_t from : std::set<std::size_t>(list[i].reads.begin(), list[i].reads.end()))
            if (from + 1 != i) all.push_back({from, i});
    std::ranges::stable_sort(all, {}, [](const Way& w) { return w.to - w.from; });
    std::vector<std::vector<const Way*>> lanes;
    for (Way& way : all) {
        const auto free = std::ranges::find_if(
            lanes, [&](const auto& lane) { return std::ranges::all_of(lane, [&](const Way* o) { return o->to <= way.from || way.to <= o->from; }); });
        way.lane = static_cast<std::size_t>(free - lanes.begin());
        if (free == lanes.end()) lanes.emplace_back();
        lanes[way.lane].push_back(&way);
    }
    return all;
}

std::string number(std::size_t n) { return std::to_string(n); }
std::string number(int n) { return std::to_string(n); }

std::string box_text(const Box& box, std::size_t row) {
    const int y = top + static_cast<int>(row) * row_height, middle = y + box_height / 2 + 4;
    const std::string at = "\" y=\"" + number(middle) + "\"";
    std::string text = "<g><title>" + escaped(box.value, 200) + "</title><rect x=\"" + number(box_left) + "\" y=\"" + number(y) + "\" width=\"" +
                       number(box_width) + "\" height=\"" + number(box_height) + "\" rx=\"5\" fill=\"" + std::string(colour(box.layer)) +
                       "\" stroke=\"#667\"/>";
    text += "<text x=\"" + number(box_left + 10) + at + " font-weight=\"600\">" + escaped(box.title) + "</text>";
    return text + "<text x=\"" + number(box_left + box_width - 10) + at + " text-anchor=\"end\" fill=\"#445\">" + escaped(box.note) + "</text></g>\n";
}

std::string arrow_down(std::size_t row) {
    const int x = box_left + box_width / 2, y = top + static_cast<int>(row) * row_height;
    return "<path class=\"e\" d=\"M" + number(x) + " " + number(y - row_height + box_height) + " V" + number(y - 2) + "\"/>\n";
}

std::string way_text(const Way& way) {
    const int right = box_left + box_width, lane = right + 18 + static_cast<int>(way.lane) * lane_width;
    const int y0 = top + static_cast<int>(way.from) * row_height + box_height - 8, y1 = top + static_cast<int>(way.to) * row_height + 8;
    return "<path class=\"e\" d=\"M" + number(right) + " " + number(y0) + " H" + number(lane - 6) + " Q" + number(lane) + " " + number(y0) + " " +
           number(lane) + " " + number(y0 + 6) + " V" + number(y1 - 6) + " Q" + number(lane) + " " + number(y1) + " " + number(lane - 6) + " " + number(y1) +
           " H" + number(right + 2) + "\"/>\n";
}

}  // namespace

std::string drawn(const NetworkDescription& description, std::size_t most) {
    const std::vector<Box> list = boxes(description, most);
    const std::vector<Way> beside = ways(list);
    std::size_t lanes = 0;
    for (const Way& way : beside) lanes = std::max(lanes, way.lane + 1);
    const bool cut = list.back().value != description.layers.back().out;
    const std::string width = number(box_left + box_width + 30 + static_cast<int>(lanes) * lane_width + 12),
                      height = number(2 * top + static_cast<int>(list.size() + (cut ? 1 : 0)) * row_height);
    std::string svg =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height + "\" viewBox=\"0 0 " + width + " " + height +
        "\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n"
        "<style>.e{fill:none;stroke:#556;stroke-width:1.2;marker-end:url(#a)}</style>\n"
        "<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#556\"/></marker></defs>\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    for (const Way& way : beside) svg += way_text(way);
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0 && std::ranges::find(list[i].reads, i - 1) != list[i].reads.end()) svg += arrow_down(i);
        svg += box_text(list[i], i);
    }
    if (cut)
        svg += "<text x=\"" + number(box_left) + "\" y=\"" + number(top + static_cast<int>(list.size()) * row_height + 20) + "\">… " +
               number(description.layers.size()) + " layers in all</text>\n";
    return svg + "</svg>\n";
}

}  // namespace costate::nn
