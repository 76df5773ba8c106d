#include "guidance/page.hpp"

#include <fmt/format.h>

namespace costate::guidance {

namespace {

constexpr std::string_view head = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1a1a1a; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; }} h2 {{ font-size: 1.2rem; margin-top: 2.2rem; }}
figure {{ margin: 1.6rem 0; }} figure svg {{ width: 100%; height: auto; }} figcaption {{ color: #444; font-size: .92rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .86rem; }}
th, td {{ padding: .18rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #e4e4e4; }}
th {{ background: #f4f4f4; position: sticky; top: 0; }} .name {{ text-align: left; }}
.wide {{ overflow-x: auto; max-height: 40rem; overflow-y: auto; border: 1px solid #e4e4e4; }}
.remark {{ background: #fff6e0; border-left: 4px solid #E69F00; padding: .5rem .9rem; }}
summary {{ cursor: pointer; }} code {{ font-size: .92em; }} dt {{ font-weight: 600; }} dd {{ margin: 0 0 .4rem 1.2rem; }}
</style>
</head>
<body>
)";

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += static_cast<unsigned char>(c) < ' ' && c != '\n' ? ' ' : c;
        }
    }
    return out;
}

std::string page_head(std::string_view title) { return fmt::format(fmt::runtime(head), fmt::arg("title", escaped(title))); }

std::string_view inline_svg(std::string_view svg) {
    const std::size_t begin = svg.find("<svg");
    return begin == std::string_view::npos ? std::string_view() : svg.substr(begin);
}

}  // namespace costate::guidance
